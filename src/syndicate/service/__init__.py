"""The composition root: puts together what the settings describe; knows everybody.

`newsroom` makes editions and items, for commands as for the server; `serving` runs the server.
"""
