"""Reads the fields of a post from the keys of its front matter, its path and its body.

A dialect is a `declarative_dialect.DeclarativeDialect`; its keys are based on
`field_reader.DEFAULT_KEYS`. Every other module reads one field or one group of fields.
"""
