"""Syndicate turns an agency's git folder of Markdown posts into feeds and pushes."""

__version__ = "0.2.0"
