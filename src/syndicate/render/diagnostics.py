"""What the renderer reports to editors about the body of a post.

Each kind of report has one function that words it. Reports about HTML do not know their place
in the file yet (`UnlocatedDiagnostic`); `locate` searches the body for it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.model.edition import ProblemLevel

MAX_DIAGNOSTICS: Final = 200
"""Diagnostics kept for one post."""

_SOURCE_FILE: Final = re.compile(r"(?!\w+:|//)[^?#]*\.(?:md|markdown)(?:[?#].*)?")
_SOURCE_FILE_URL: Final = re.compile(r"\.(?:md|markdown)(?:[?#]|$)")
_FILE_NAME: Final = re.compile(r"\S+\.(?:avif|bmp|gif|jpe?g|png|svg|tiff?|webp)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """A problem in the body of a post.

    ``line`` and ``column`` count from 1 in the file; both are 0 if the place is unknown.
    """

    level: ProblemLevel
    rule: str
    line: int
    column: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlocatedDiagnostic:
    """A problem whose place is not known yet.

    ``search_text`` is how the body writes the thing that the problem is about.
    """

    level: ProblemLevel
    rule: str
    search_text: str
    message: str
    hint: str


_AS_TYPED: Final = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"}
    | {"\u2013": "--", "\u2014": "---", "\u2026": "...", "\u00ab": "<<", "\u00bb": ">>"}
)
"""What an engine makes typographic characters of."""


def locate(
    unlocated: Iterable[UnlocatedDiagnostic], body: str, *, first_line: int
) -> tuple[Diagnostic, ...]:
    """Return the first `MAX_DIAGNOSTICS` of ``unlocated`` with line and column in the file.

    ``first_line`` is the line of the file in which ``body`` begins. Diagnostics with the same
    search text are in the order of the body, so each gets the next occurrence of the text.
    """
    last_offsets: dict[str, int] = {}
    located = []
    for diagnostic, _ in zip(unlocated, range(MAX_DIAGNOSTICS), strict=False):
        last = last_offsets.get(diagnostic.search_text, -1)
        found = _find(body, diagnostic.search_text, last + 1)
        offset = last_offsets[diagnostic.search_text] = last if found < 0 else found
        line, column = line_and_column(body, offset) if offset >= 0 else (1 - first_line, 0)
        located.append(
            Diagnostic(
                level=diagnostic.level,
                rule=diagnostic.rule,
                line=first_line + line - 1,
                column=column,
                message=diagnostic.message,
                hint=diagnostic.hint,
            )
        )
    return tuple(located)


def _find(body: str, search_text: str, start: int) -> int:
    """Return the offset of ``search_text``; -1 if absent.

    It may have another slash at its beginning than in ``body``, or typography.
    """
    if not search_text.strip("/"):
        return -1
    spellings = (search_text, search_text.lstrip("/"), search_text.translate(_AS_TYPED))
    return next((found for text in spellings if (found := body.find(text, start)) >= 0), -1)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of ``offset``, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def active_content(element: str, handlers: Sequence[str]) -> UnlocatedDiagnostic:
    """Report that ``element``, or only its event ``handlers``, was removed."""
    removed = f"the event handler {handlers[0]}" if handlers else f"a <{element}> element"
    return UnlocatedDiagnostic(
        level="warning",
        rule="active-content",
        search_text=handlers[0] if handlers else f"<{element}",
        message=f"{removed} was removed",
        hint="Feeds carry no scripts, forms or styles: link to the page that has them.",
    )


def unclosed_comment(html: str) -> Iterator[UnlocatedDiagnostic]:
    """Report that the last comment of ``html`` is not closed."""
    start = html.rfind("<!--")
    if start >= 0 and "-->" not in html[start:]:
        yield UnlocatedDiagnostic(
            level="error",
            rule="unclosed-comment",
            search_text="<!--",
            message="a comment is not closed: everything after it is hidden",
            hint="Close the comment with -->.",
        )


def refused_iframe(url: str) -> UnlocatedDiagnostic:
    """Report that an iframe was replaced by a link."""
    return UnlocatedDiagnostic(
        level="warning",
        rule="active-content",
        search_text="<iframe",
        message=f"the iframe of {url} was replaced by a link",
        hint="To show it in place, add its host to the source's embeds and write its URL without"
        " user, port, dot segments and encoded dots, slashes or percent signs.",
    )


def broken_scheme(url: str) -> UnlocatedDiagnostic:
    """Report that ``url`` is invalid or has a scheme that is not allowed."""
    return UnlocatedDiagnostic(
        level="error",
        rule="broken-scheme",
        search_text=url,
        message=f"the URL {url[:80]!r} is invalid or its scheme is not allowed",
        hint="Begin it with https://, or with / for a page of this site.",
    )


def relative_link(source_url: str, url: str) -> Iterator[UnlocatedDiagnostic]:
    """Report that a link to a Markdown file of the repository matches no post."""
    if _SOURCE_FILE.fullmatch(source_url) and _SOURCE_FILE_URL.search(url):
        yield UnlocatedDiagnostic(
            level="warning",
            rule="relative-link",
            search_text=source_url,
            message=f"the link {source_url} matches no post of this source",
            hint="Use the current name of the file, or the URL of the page.",
        )


def image_alt(url: str, alt: str | None) -> Iterator[UnlocatedDiagnostic]:
    """Report that an image has no alternative text, or a file name in place of one."""
    hint = 'Describe what the image shows; write alt="" if it is decorative.'
    if alt is None:
        message = f"the image {url} has no alternative text"
    elif _FILE_NAME.fullmatch(alt.strip()):
        message = f"the alternative text of {url} is a file name"
    else:
        return
    yield UnlocatedDiagnostic(
        level="warning", rule="image-alt", search_text=url, message=message, hint=hint
    )


def empty_link(url: str) -> UnlocatedDiagnostic:
    """Report that the link to ``url`` has no text."""
    return UnlocatedDiagnostic(
        level="warning",
        rule="empty-link",
        search_text=url,
        message=f"the link to {url} has no text",
        hint="Write between the brackets where the link leads, or remove the link.",
    )


def skipped_heading(text: str, level: int, previous: int) -> UnlocatedDiagnostic:
    """Report that a heading of ``level`` follows one of ``previous``; the title has level 1."""
    return UnlocatedDiagnostic(
        level="notice",
        rule="heading-level",
        search_text=text.strip()[:60],
        message=f"a heading of level {level} follows one of level {previous}",
        hint=f"Use level {previous + 1}: screen reader users navigate by headings.",
    )
