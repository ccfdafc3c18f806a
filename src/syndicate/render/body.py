"""Renders the body of one post: template code, Markdown, sanitized HTML, plain text, notes."""

import re
from typing import Final

from syndicate.model.post import SafeHtml
from syndicate.render.address import Addresses
from syndicate.render.comments import template_comments, without, without_kramdown_comments
from syndicate.render.job import RENDERER_VERSION, Job, Rendering
from syndicate.render.markdown import to_html
from syndicate.render.markup import plain_text, readable
from syndicate.render.note import Note, locate
from syndicate.render.reference import references
from syndicate.render.sanitize import paragraphs, sanitize
from syndicate.render.shortcode import Context
from syndicate.render.templates import LITERAL, resolve

__all__ = [
    "RENDERER_VERSION",
    "Job",
    "Note",
    "Rendering",
    "cut_off",
    "inline_text",
    "references",
    "render",
]

_BEGINNING: Final = 8_000
_HTML_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_NUMBERED: Final = re.compile(r"\A(\s*\d{1,9})([.)])")


def render(job: Job) -> Rendering:
    """Render ``job``: the same job gives the same rendering, and no text makes it raise."""
    body = readable(job.body)
    if not body.strip():  # as most summaries are
        return Rendering(content=SafeHtml(""), text="", image=None, notes=())
    targets = dict(job.targets)
    context = Context(
        site_url=job.site_url,
        page_url=job.page_url,
        targets=targets,
        replacements=dict(job.replacements),
        comments=job.comments,
    )
    resolved = resolve(body, context, first_line=job.first_line)
    text = without_kramdown_comments(resolved.text) if "kramdown" in job.comments else resolved.text
    html = to_html(text, hard_breaks=job.hard_breaks)
    addresses = Addresses(page_url=job.page_url, targets=targets, assets=dict(job.assets))
    safe = sanitize(html.replace(LITERAL, "{"), addresses, key=job.key, embeds=job.embeds)
    return Rendering(
        content=safe.html,
        text=plain_text(safe.html),
        image=safe.image,
        notes=resolved.notes + locate(safe.findings, body, first_line=job.first_line),
    )


def cut_off(job: Job, seconds: float) -> Rendering:
    """Return the beginning of ``job`` without any markup, for one too slow to be rendered."""
    context = Context(site_url=job.site_url, page_url=job.page_url)
    body = _without_comments(readable(job.body), job)[:_BEGINNING]
    beginning = resolve(body, context, first_line=job.first_line).text
    beginning = beginning.replace(LITERAL, "{")
    content = paragraphs(beginning.rpartition("\n\n")[0] or beginning)
    note = Note(
        level="error",
        rule="too-slow",
        line=job.first_line,
        column=0,
        what=f"rendering the post takes longer than {seconds:g} s: only its beginning is shown",
        hint="Look for thousands of brackets, asterisks or nested lists; shorten or split it.",
    )
    return Rendering(content=content, text=plain_text(content), image=None, notes=(note,))


def _without_comments(body: str, job: Job) -> str:
    """Return ``body`` without comments of any kind, as it is shown where it is not parsed."""
    text = without(body, template_comments(body, job.comments))
    text = without_kramdown_comments(text) if "kramdown" in job.comments else text
    return _HTML_COMMENT.sub("", text)


def inline_text(markdown: str) -> str:
    """Return what a line of Markdown or HTML says, as plain text with white space folded.

    A number at its beginning belongs to the text: it makes no list.
    """
    nowhere = Job(
        body=_NUMBERED.sub(r"\1\\\2", markdown, count=1),
        first_line=1,
        page_url="https://example.invalid/",
        site_url="https://example.invalid",
        key="",
    )
    return " ".join(render(nowhere).text.split())
