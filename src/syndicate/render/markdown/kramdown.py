"""`kramdown`: Markdown as kramdown reads it."""

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown import code_spans, converter


def to_html(text: str, options: MarkdownOptions) -> str:
    """Return Markdown ``text`` as HTML."""
    return converter.to_html(text, hard_breaks=options.hard_breaks)


def code_ranges(text: str, options: MarkdownOptions) -> list[tuple[int, int]]:  # noqa: ARG001 — as all flavours
    """Return (start, end) of code in ``text``, in order."""
    return list(code_spans.code_ranges(text))
