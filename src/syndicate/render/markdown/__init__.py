"""Turns Markdown into HTML with the block structure that CommonMark and kramdown sites show."""

from syndicate.render.markdown.converter import to_html

__all__ = ["to_html"]
