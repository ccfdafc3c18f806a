"""`html`: pages in HTML, of which no engine reads any part as Markdown."""

from syndicate.model.markdown_options import MarkdownOptions


def to_html(text: str, options: MarkdownOptions) -> str:  # noqa: ARG001 — as all flavours
    """Return ``text`` as it is."""
    return text


def code_ranges(text: str, options: MarkdownOptions) -> list[tuple[int, int]]:  # noqa: ARG001 — as all flavours
    """Return nothing: template tags count in all of a page."""
    return []
