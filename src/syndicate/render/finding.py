"""What can be wrong with a post's HTML, each in an editor's words."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from syndicate.render.note import Finding

_SOURCE_FILE: Final = re.compile(r"(?!\w+:|//)[^?#]*\.(?:md|markdown)(?:[?#].*)?")
_SOURCE_FILE_THERE: Final = re.compile(r"\.(?:md|markdown)(?:[?#]|$)")
_FILE_NAME: Final = re.compile(r"\S+\.(?:avif|bmp|gif|jpe?g|png|svg|tiff?|webp)", re.IGNORECASE)


def active_content(element: str, handlers: Sequence[str]) -> Finding:
    """Tell that ``element``, or only its event ``handlers``, was taken out."""
    what = f"the event handler {handlers[0]}" if handlers else f"a <{element}> element"
    return Finding(
        level="warning",
        rule="active-content",
        needle=handlers[0] if handlers else f"<{element}",
        what=f"{what} was taken out",
        hint="Feeds carry no scripts, forms or styles: link to the page that has them.",
    )


def unclosed_comment(html: str) -> Iterator[Finding]:
    """Tell that a comment of ``html`` is never closed."""
    start = html.rfind("<!--")
    if start >= 0 and "-->" not in html[start:]:
        yield Finding(
            level="error",
            rule="unclosed-comment",
            needle="<!--",
            what="a comment is never closed: all that follows it is hidden",
            hint="Close it with -->.",
        )


def frame(address: str) -> Finding:
    """Tell that a frame became a link."""
    return Finding(
        level="warning",
        rule="active-content",
        needle="<iframe",
        what=f"the frame of {address} became a link",
        hint="Name its host in the source's embeds if readers may be shown it in place; write its"
        " URL without user, port, dot segments and encoded dots, slashes and percent signs.",
    )


def broken_scheme(address: str) -> Finding:
    """Tell that ``address`` cannot be followed."""
    return Finding(
        level="error",
        rule="broken-scheme",
        needle=address,
        what=f"the address {address[:80]!r} leads nowhere",
        hint="Begin it with https:// or with / for a page of this site.",
    )


def relative_link(written: str, address: str) -> Iterator[Finding]:
    """Tell that a link to a file of the repository, as ``written``, was not found there."""
    if _SOURCE_FILE.fullmatch(written) and _SOURCE_FILE_THERE.search(address):
        yield Finding(
            level="warning",
            rule="relative-link",
            needle=written,
            what=f"the link {written} leads to no post of this source",
            hint="Name the file as it is called now, or link the page by its address.",
        )


def image_alt(address: str, alt: str | None) -> Iterator[Finding]:
    """Tell that an image has no alternative text, or a file name in place of one."""
    hint = 'Say what the image shows; write alt="" if it only decorates.'
    if alt is None:
        what = f"the image {address} has no alternative text"
    elif _FILE_NAME.fullmatch(alt.strip()):
        what = f"the alternative text of {address} is a file name"
    else:
        return
    yield Finding(level="warning", rule="image-alt", needle=address, what=what, hint=hint)


def empty_link(address: str) -> Finding:
    """Tell that the link to ``address`` has no text."""
    return Finding(
        level="warning",
        rule="empty-link",
        needle=address,
        what=f"the link to {address} has no text",
        hint="Say between the brackets where it leads, or remove it.",
    )


def skipped_heading(text: str, level: int, previous: int) -> Finding:
    """Tell that a heading of ``level`` follows one of ``previous``, the title being of level 1."""
    return Finding(
        level="notice",
        rule="heading-level",
        needle=text.strip()[:60],
        what=f"a heading of level {level} follows one of level {previous}",
        hint=f"Use level {previous + 1}: people who hear a page find their way by its headings.",
    )
