"""Renders the body of one post: template tags, Markdown, sanitizer, plain text."""

import re
from typing import Final

from syndicate.model.post import SafeHtml
from syndicate.render.diagnostics import Diagnostic, locate
from syndicate.render.html_tokens import plain_text, remove_invalid_characters
from syndicate.render.markdown import code_ranges, to_html
from syndicate.render.messages import RenderRequest, RenderResult
from syndicate.render.sanitizer.sanitizer import sanitize, text_to_html
from syndicate.render.templates.comments import (
    find_template_comments,
    remove_kramdown_comments,
    remove_ranges,
)
from syndicate.render.templates.mdx import MarkdownOfMdx, resolve_mdx
from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_resolver import resolve_templates
from syndicate.render.templates.template_tags import LITERAL_BRACE, UNRESOLVED_URL
from syndicate.render.urls import UrlResolver

_MAX_FALLBACK_CHARACTERS: Final = 8_000
_HTML_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def render(request: RenderRequest) -> RenderResult:
    """Render ``request``; equal requests give equal results, and no text makes it raise."""
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
        values=dict(request.values),
        engine=request.engine,
    )
    mdx = _without_program(body, request)
    resolved = resolve_templates(mdx.text, context, first_line=request.first_line)
    text = (
        remove_kramdown_comments(resolved.text, request.engine)
        if request.flavour == "kramdown"
        else resolved.text
    )
    html = to_html(text, request.engine)
    urls = UrlResolver(
        page_url=request.page_url,
        link_targets=targets,
        asset_urls=dict(request.asset_urls),
        base_path=context.base_path,
    )
    sanitized = sanitize(
        html.replace(LITERAL_BRACE, "{"), urls, key=request.key, embeds=request.embeds
    )
    return RenderResult(
        content=sanitized.html,
        text=plain_text(sanitized.html),
        image=sanitized.image,
        diagnostics=mdx.diagnostics
        + resolved.diagnostics
        + locate(sanitized.diagnostics, body, first_line=request.first_line),
    )


def truncated_fallback(request: RenderRequest, cpu_seconds: float) -> RenderResult:
    """Return the beginning of the post without markup, for a post that renders too slowly."""
    context = TemplateContext(
        site_url=request.site_url,
        page_url=request.page_url,
        values=dict(request.values),
        engine=request.engine,
    )
    body = _remove_comments(
        _without_program(remove_invalid_characters(request.body), request).text, request
    )[:_MAX_FALLBACK_CHARACTERS]
    beginning = resolve_templates(body, context, first_line=request.first_line).text
    beginning = beginning.replace(LITERAL_BRACE, "{").replace(UNRESOLVED_URL, "")
    content = text_to_html(beginning.rpartition("\n\n")[0] or beginning)
    diagnostic = Diagnostic(
        level="error",
        rule="too-slow",
        line=request.first_line,
        column=0,
        message=f"rendering takes longer than {cpu_seconds:g} s: only the beginning is shown",
        hint="Remove long runs of brackets, asterisks or nested lists, or split the post.",
    )
    return RenderResult(
        content=content, text=plain_text(content), image=None, diagnostics=(diagnostic,)
    )


def _without_program(body: str, request: RenderRequest) -> MarkdownOfMdx:
    if "mdx" not in request.comment_syntaxes:
        return MarkdownOfMdx(text=body)
    return resolve_mdx(body, code_ranges(body, request.engine), first_line=request.first_line)


def _remove_comments(body: str, request: RenderRequest) -> str:
    """Return ``body`` without comments of any kind, since the fallback is not parsed."""
    engine = request.engine
    text = remove_ranges(body, find_template_comments(body, request.comment_syntaxes, engine))
    if "kramdown" in request.comment_syntaxes:
        text = remove_kramdown_comments(text, engine)
    return _HTML_COMMENT.sub("", text)
