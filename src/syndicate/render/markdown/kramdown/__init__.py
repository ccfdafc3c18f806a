"""The Markdown flavour of kramdown: Python-Markdown with extensions where kramdown differs."""

from syndicate.render.markdown.kramdown.converter import code_ranges, to_html

__all__ = ["code_ranges", "to_html"]
