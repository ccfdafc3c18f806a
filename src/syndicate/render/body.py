"""Renders the body of one post: template code, Markdown, sanitized HTML, plain text, notes."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Final

from syndicate.model.post import Image, SafeHtml
from syndicate.render import version
from syndicate.render.address import Addresses
from syndicate.render.markdown import to_html
from syndicate.render.markup import plain_text, readable
from syndicate.render.note import Note, locate
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

RENDERER_VERSION: Final = version.digest()
"""Part of every key a rendering is cached under: another one where the same job can give another
rendering, because this folder or what it stands on changed."""

_BEGINNING: Final = 8_000
_ADDRESS: Final = re.compile(
    r"""\]\(\s*<?([^\s)>]+)|^[ ]{0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)"""
    r"""|\b(?:href|src|poster)=["']([^"'\n]+)""",
    re.MULTILINE | re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"\A(\s*\d{1,9})([.)])")
_FOREIGN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*[{}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a rendering depends on.

    ``first_line`` is the line of the file in which ``body`` begins, from 1; ``key`` makes the ids
    of the post its own; ``replacements`` are the meanings a source gives to template tags;
    ``embeds`` are hosts whose frames stay, beside the well-known ones. ``targets`` says where
    links lead, by name or path as written in the post; ``assets`` what replaces the address of an
    image, as written or as a path from the root of the site.
    """

    body: str
    first_line: int
    page_url: str
    site_url: str
    key: str
    hard_breaks: bool = False
    replacements: tuple[tuple[str, str], ...] = ()
    embeds: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    assets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """A body as readers get it.

    ``text`` is plain, paragraphs set apart by an empty line. ``image`` is the first one of the
    body, its address absolute.
    """

    content: SafeHtml
    text: str
    image: Image | None
    notes: tuple[Note, ...]


def render(job: Job) -> Rendering:
    """Render ``job``: the same job gives the same rendering, and no text makes it raise."""
    body = readable(job.body)
    targets = dict(job.targets)
    context = Context(
        site_url=job.site_url,
        page_url=job.page_url,
        targets=targets,
        replacements=dict(job.replacements),
    )
    resolved = resolve(body, context, first_line=job.first_line)
    html = to_html(resolved.text, hard_breaks=job.hard_breaks)
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
    beginning = resolve(readable(job.body[:_BEGINNING]), context, first_line=job.first_line).text
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


def references(body: str) -> tuple[str, ...]:
    """Return the names and paths that ``body`` refers to inside its site, each once.

    They are what template tags such as ``ref`` and ``post_url`` name, and the addresses of links
    and images that are relative, without their fragments: as a job's ``targets`` and ``assets``
    want them.
    """
    resolved = resolve(readable(body), Context(site_url="", page_url=""), first_line=1)
    literal = (unescape("".join(groups)) for groups in _ADDRESS.findall(resolved.text))
    names = (name.partition("#")[0] for name in (*resolved.names, *literal))
    return tuple(dict.fromkeys(name for name in names if name and not _FOREIGN.match(name)))
