"""Renders the body of one post: template code, Markdown, sanitized HTML, plain text, notes."""

import re
from typing import Final

from syndicate.model.post import SafeHtml
from syndicate.render.diagnostics import Diagnostic, locate
from syndicate.render.html_tokens import plain_text, remove_invalid_characters
from syndicate.render.internal_links import find_internal_links
from syndicate.render.markdown import to_html
from syndicate.render.messages import RENDERER_VERSION, RenderRequest, RenderResult
from syndicate.render.sanitizer.sanitizer import sanitize, text_to_html
from syndicate.render.templates.comments import (
    find_template_comments,
    remove_kramdown_comments,
    remove_ranges,
)
from syndicate.render.templates.shortcodes import TemplateContext
from syndicate.render.templates.template_resolver import (
    LITERAL_BRACE,
    resolve_templates,
)
from syndicate.render.urls import UrlResolver

__all__ = [
    "RENDERER_VERSION",
    "Diagnostic",
    "RenderRequest",
    "RenderResult",
    "find_internal_links",
    "inline_text",
    "render",
    "truncated_fallback",
]

_MAX_FALLBACK_CHARACTERS: Final = 8_000
_HTML_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LEADING_NUMBER: Final = re.compile(r"\A(\s*\d{1,9})([.)])")


def render(request: RenderRequest) -> RenderResult:
    """Render ``job``: the same job gives the same rendering, and no text makes it raise."""
    body = remove_invalid_characters(request.body)
    if not body.strip():  # as most summaries are
        return RenderResult(content=SafeHtml(""), text="", image=None, diagnostics=())
    targets = dict(request.link_targets)
    context = TemplateContext(
        site_url=request.site_url,
        page_url=request.page_url,
        link_targets=targets,
        replacements=dict(request.replacements),
        comment_syntaxes=request.comment_syntaxes,
    )
    resolved = resolve_templates(body, context, first_line=request.first_line)
    text = (
        remove_kramdown_comments(resolved.text)
        if "kramdown" in request.comment_syntaxes
        else resolved.text
    )
    html = to_html(text, hard_breaks=request.hard_breaks)
    urls = UrlResolver(
        page_url=request.page_url, link_targets=targets, asset_urls=dict(request.asset_urls)
    )
    safe = sanitize(html.replace(LITERAL_BRACE, "{"), urls, key=request.key, embeds=request.embeds)
    return RenderResult(
        content=safe.html,
        text=plain_text(safe.html),
        image=safe.image,
        diagnostics=resolved.diagnostics
        + locate(safe.diagnostics, body, first_line=request.first_line),
    )


def truncated_fallback(request: RenderRequest, cpu_seconds: float) -> RenderResult:
    """Return the beginning of ``job`` without any markup, for one too slow to be rendered."""
    context = TemplateContext(site_url=request.site_url, page_url=request.page_url)
    body = _remove_comments(remove_invalid_characters(request.body), request)[
        :_MAX_FALLBACK_CHARACTERS
    ]
    beginning = resolve_templates(body, context, first_line=request.first_line).text
    beginning = beginning.replace(LITERAL_BRACE, "{")
    content = text_to_html(beginning.rpartition("\n\n")[0] or beginning)
    diagnostic = Diagnostic(
        level="error",
        rule="too-slow",
        line=request.first_line,
        column=0,
        message=f"rendering the post takes longer than {cpu_seconds:g} s: "
        "only its beginning is shown",
        hint="Look for thousands of brackets, asterisks or nested lists; shorten or split it.",
    )
    return RenderResult(
        content=content, text=plain_text(content), image=None, diagnostics=(diagnostic,)
    )


def _remove_comments(body: str, request: RenderRequest) -> str:
    """Return ``body`` without comments of any kind, as it is shown where it is not parsed."""
    text = remove_ranges(body, find_template_comments(body, request.comment_syntaxes))
    text = remove_kramdown_comments(text) if "kramdown" in request.comment_syntaxes else text
    return _HTML_COMMENT.sub("", text)


def inline_text(markdown: str) -> str:
    """Return what a line of Markdown or HTML says, as plain text with white space folded.

    A number at its beginning belongs to the text: it makes no list.
    """
    nowhere = RenderRequest(
        body=_LEADING_NUMBER.sub(r"\1\\\2", markdown, count=1),
        first_line=1,
        page_url="https://example.invalid/",
        site_url="https://example.invalid",
        key="",
    )
    return " ".join(render(nowhere).text.split())
