"""The title of a post: of the front matter, else of the first heading, else of the file name."""

import re
from collections.abc import Iterator
from typing import Final

from syndicate.dialects.document.plain_values import displayable_path
from syndicate.dialects.fields import (
    FILE_NAME_ORIGIN,
    FieldReader,
    as_plain_text,
    collapse_spaces,
    has_html,
)
from syndicate.dialects.front_matter.permalink import PostPath
from syndicate.dialects.front_matter.value_checks import check_cut_off_title

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
"""Comments of HTML, Liquid, kramdown and Nunjucks, whose headings do not count."""
_NOT_LINE_FEED: Final = re.compile(r"[^\n]")
_MAX_LINES: Final = 1_000
"""Lines of the body that are searched for a heading."""
_EMPHASIS: Final = re.compile(r"\*+|`+|\{:?[#.][^{}]*\}")


def read_title(reader: FieldReader, path: PostPath) -> str:
    """Return the title, which is never empty if the file has a name."""
    found = reader.find("title", as_plain_text)
    if found is None:
        return _fallback_title(reader, path)
    key = reader.keys["title"]
    check_cut_off_title(reader, key)
    if has_html(reader.document.meta[key]):
        reader.report(
            "title-markup",
            f"{key} contains HTML, but titles are plain text",
            "Write the title without tags.",
            line=reader.line(key),
            level="notice",
        )
    return found


def _fallback_title(reader: FieldReader, path: PostPath) -> str:
    reader.report("missing-title", "the post has no title", "Add a key title.")
    for line, heading in _headings(reader.document.body):
        reader.origins["title"] = f"first heading, line {reader.document.body_line + line}"
        return heading
    reader.origins["title"] = FILE_NAME_ORIGIN
    words = collapse_spaces(
        re.sub("[-_]+", " ", displayable_path(path.undated_name))
    ) or displayable_path(path.name)
    return words[:1].upper() + words[1:]


def _headings(body: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of the headings of ``body`` outside code; lines count from 0."""
    body = _COMMENT.sub(lambda comment: _NOT_LINE_FEED.sub("", comment[0]), body)
    is_code, line_before = False, ""
    for number, line in enumerate(body.split("\n", _MAX_LINES)[:_MAX_LINES]):
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code:
            match = _HEADING.fullmatch(line) or _HTML_HEADING.search(line)
            underlined = line_before if _UNDERLINE.fullmatch(line) else ""
            markup = match["text"].strip().rstrip("#") if match else underlined
            heading = as_plain_text(_EMPHASIS.sub("", markup))
            if heading:
                yield number if match else number - 1, heading
        line_before = line
