"""The shared declarative mapping: from the keys of front matter, a path and a body to fields.

A dialect is a `style.Style`; its keys start from `keys.GENERAL`. Every other module here is one
question about a post: when was it published, what is its title, under what is it filed.
"""
