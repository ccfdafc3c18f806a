"""Follow the sources and tell the world: new commits, editions, changes.

`following` makes editions. `telling` compares them with the ledger; it is imported by whoever
wants it, after the first edition, because of what storage imports.
"""
