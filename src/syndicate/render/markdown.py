"""Turns Markdown into HTML with the block structure that kramdown and CommonMark sites show."""

import markdown


def to_html(text: str, *, hard_breaks: bool = False) -> str:
    """Return ``text`` as HTML; with ``hard_breaks`` every line break stays one."""
    extensions = ["extra", "sane_lists", *(["nl2br"] if hard_breaks else [])]
    return markdown.markdown(text, extensions=extensions)
