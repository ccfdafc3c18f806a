"""The running service: `runtime` constructs its parts, `server` runs them until a signal.

`content_service` builds editions and renders posts, for commands as well.
"""
