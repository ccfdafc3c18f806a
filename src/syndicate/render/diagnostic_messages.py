"""What can be wrong with a post's HTML, each in an editor's words."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from syndicate.render.diagnostics import UnlocatedDiagnostic

_SOURCE_FILE: Final = re.compile(r"(?!\w+:|//)[^?#]*\.(?:md|markdown)(?:[?#].*)?")
_SOURCE_FILE_URL: Final = re.compile(r"\.(?:md|markdown)(?:[?#]|$)")
_FILE_NAME: Final = re.compile(r"\S+\.(?:avif|bmp|gif|jpe?g|png|svg|tiff?|webp)", re.IGNORECASE)


def active_content(element: str, handlers: Sequence[str]) -> UnlocatedDiagnostic:
    """Tell that ``element``, or only its event ``handlers``, was taken out."""
    removed = f"the event handler {handlers[0]}" if handlers else f"a <{element}> element"
    return UnlocatedDiagnostic(
        level="warning",
        rule="active-content",
        search_text=handlers[0] if handlers else f"<{element}",
        message=f"{removed} was taken out",
        hint="Feeds carry no scripts, forms or styles: link to the page that has them.",
    )


def unclosed_comment(html: str) -> Iterator[UnlocatedDiagnostic]:
    """Tell that a comment of ``html`` is never closed."""
    start = html.rfind("<!--")
    if start >= 0 and "-->" not in html[start:]:
        yield UnlocatedDiagnostic(
            level="error",
            rule="unclosed-comment",
            search_text="<!--",
            message="a comment is never closed: all that follows it is hidden",
            hint="Close it with -->.",
        )


def refused_iframe(url: str) -> UnlocatedDiagnostic:
    """Tell that a frame became a link."""
    return UnlocatedDiagnostic(
        level="warning",
        rule="active-content",
        search_text="<iframe",
        message=f"the frame of {url} became a link",
        hint="Name its host in the source's embeds if readers may be shown it in place; write its"
        " URL without user, port, dot segments and encoded dots, slashes and percent signs.",
    )


def broken_scheme(url: str) -> UnlocatedDiagnostic:
    """Tell that ``address`` cannot be followed."""
    return UnlocatedDiagnostic(
        level="error",
        rule="broken-scheme",
        search_text=url,
        message=f"the address {url[:80]!r} leads nowhere",
        hint="Begin it with https:// or with / for a page of this site.",
    )


def relative_link(source_url: str, url: str) -> Iterator[UnlocatedDiagnostic]:
    """Tell that a link to a file of the repository, as ``written``, was not found there."""
    if _SOURCE_FILE.fullmatch(source_url) and _SOURCE_FILE_URL.search(url):
        yield UnlocatedDiagnostic(
            level="warning",
            rule="relative-link",
            search_text=source_url,
            message=f"the link {source_url} leads to no post of this source",
            hint="Name the file as it is called now, or link the page by its address.",
        )


def image_alt(url: str, alt: str | None) -> Iterator[UnlocatedDiagnostic]:
    """Tell that an image has no alternative text, or a file name in place of one."""
    hint = 'Say what the image shows; write alt="" if it only decorates.'
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
    """Tell that the link to ``address`` has no text."""
    return UnlocatedDiagnostic(
        level="warning",
        rule="empty-link",
        search_text=url,
        message=f"the link to {url} has no text",
        hint="Say between the brackets where it leads, or remove it.",
    )


def skipped_heading(text: str, level: int, previous: int) -> UnlocatedDiagnostic:
    """Tell that a heading of ``level`` follows one of ``previous``, the title being of level 1."""
    return UnlocatedDiagnostic(
        level="notice",
        rule="heading-level",
        search_text=text.strip()[:60],
        message=f"a heading of level {level} follows one of level {previous}",
        hint=f"Use level {previous + 1}: people who hear a page find their way by its headings.",
    )
