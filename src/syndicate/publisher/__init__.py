"""Follow the sources and tell the world: new commits, editions, changes.

`following` makes editions, `comparison` finds what differs in a post. `telling` compares editions
with the ledger; it is imported by whoever wants it, after the first edition, because of what
storage imports.
"""
