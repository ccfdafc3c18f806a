"""The shared declarative mapping: from the keys of front matter, a path and a body to fields.

A dialect is a `style.DeclarativeDialect`; its keys start from `keys.DEFAULT_KEYS`. Every other
module here is one
question about a post: when was it published, what is its title, under what is it filed.
"""
