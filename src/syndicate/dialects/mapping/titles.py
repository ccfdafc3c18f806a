"""The title of a post as plain text: of its front matter, of its first heading, of its file."""

import re
from collections.abc import Iterator
from typing import Final

from syndicate.dialects.document.plain import readable
from syndicate.dialects.mapping.keys import Reading
from syndicate.dialects.mapping.place import Place
from syndicate.dialects.mapping.values import fold, has_markup, plain_text

_HEADING: Final = re.compile(r"[ ]{0,3}#{1,6}[ \t](?P<text>.*)")
_HTML_HEADING: Final = re.compile(
    r"<h[1-6]\b[^<>]*>(?P<text>(?:(?!<h[1-6]\b).)*?)</h[1-6]>", re.IGNORECASE
)
_UNDERLINE: Final = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*")
_FENCE: Final = re.compile(r"[ ]{0,3}(?:```|~~~)")
_COMMENT: Final = re.compile(
    r"<!--(?:(?!<!--).)*?-->"
    r"|\{%-?\s*comment\b(?:(?!\{%-?\s*comment\b).)*?\{%-?\s*endcomment\s*-?%\}"
    r"|\{::comment\b[^{}]*\}(?:(?!\{::comment).)*?\{:/(?:comment)?\}"
    r"|\{#(?![\w:.\-]+[^{}\n#]*\})(?:(?!\{#).)*?#\}",
    re.DOTALL,
)
"""Comments of HTML, Liquid, kramdown and Nunjucks: no heading in them is a title."""
_NOT_LINE_FEED: Final = re.compile(r"[^\n]")
_FIRST: Final = 1_000
"""Lines; a heading further down is no title."""
_EMPHASIS: Final = re.compile(r"\*+|`+|\{:?[#.][^{}]*\}")


def title(reading: Reading, place: Place) -> str:
    """Return the title; never empty as long as the file has a name."""
    found = reading.find("title", plain_text)
    if found is None:
        return _instead(reading, place)
    key = reading.keys["title"]
    if has_markup(reading.document.meta[key]):
        reading.note(
            "title-markup",
            f"{key} holds HTML, which a plain title cannot show",
            "Write the title without tags.",
            line=reading.line(key),
            level="notice",
        )
    return found


def _instead(reading: Reading, place: Place) -> str:
    reading.note("missing-title", "the post has no title", "Give it a key title.")
    for line, heading in _headings(reading.document.body):
        reading.origins["title"] = f"first heading, line {reading.document.body_line + line}"
        return heading
    reading.origins["title"] = "file name"
    words = fold(re.sub("[-_]+", " ", readable(place.title))) or readable(place.name)
    return words[:1].upper() + words[1:]


def _headings(body: str) -> Iterator[tuple[int, str]]:
    """Yield each heading of ``body`` outside code with its line, counted from 0."""
    body = _COMMENT.sub(lambda comment: _NOT_LINE_FEED.sub("", comment[0]), body)
    fenced, before = False, ""
    for number, line in enumerate(body.split("\n", _FIRST)[:_FIRST]):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            found = _HEADING.fullmatch(line) or _HTML_HEADING.search(line)
            underlined = before if _UNDERLINE.fullmatch(line) else ""
            written = found["text"].strip().rstrip("#") if found else underlined
            words = plain_text(_EMPHASIS.sub("", written))
            if words:
                yield number if found else number - 1, words
        before = line
