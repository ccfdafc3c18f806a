"""Takes what is program out of MDX: imports, exports, comments, tags of components.

Texts inside of components stay, an image or a link of a component becomes one of HTML, everything
else is left out and reported. https://mdxjs.com/docs/what-is-mdx/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, Diagnostic, line_and_column
from syndicate.render.html_tokens import escape_html
from syndicate.render.templates.template_tags import Range

_IMPORT: Final = re.compile(
    r"^import[ \t]+(?:[\w$*{}, \t\n]{1,200}?\sfrom[ \t]+)?(['\"])[^'\"\n]+\1;?[ \t]*$"
    r"|^export[ \t]+(?:const|let|var|function|async|default|class|\{)(?:.|\n(?![ \t]*\n))*",
    re.MULTILINE,
)
_COMMENT: Final = re.compile(r"\{/\*(?:(?!\{/\*).)*?\*/\}", re.DOTALL)
_TEXT_EXPRESSION: Final = re.compile(r"\{[ \t]*(['\"`])([^'\"`{}\n]*)\1[ \t]*\}")
_TAG: Final = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w.\-]*|(?=>))")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z_][\w:.\-]*)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|\{))?|\{")
_LITERAL: Final = re.compile(r"(['\"`])([^'\"`{}\n]*)\1")
_STRUCTURE: Final = re.compile(r"[{}]|\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`")
_KNOWN: Final = {"Image": "img", "Img": "img", "Link": "a", "NextLink": "a"}
"""Components that are an element of HTML wherever they occur."""
_KEPT: Final = ("src", "alt", "href", "title", "width", "height", "poster", "id")
_MAX_TAG_CHARACTERS: Final = 2_000
_MAX_TAGS: Final = 100_000
"""Tags after which no more are looked for; the sanitizer removes unknown elements anyway."""
_MAX_OPEN_TAGS: Final = 100
"""Tags without an end after which no more are looked for: each takes a search for its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownOfMdx:
    """A text without program; its lines are those of the MDX."""

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()


class _Tag(NamedTuple):
    """A tag with its attributes; those made by an expression are in ``made``."""

    name: str
    end: int
    is_end: bool
    attributes: Mapping[str, str]
    made: frozenset[str]


def resolve_mdx(body: str, code: Sequence[Range], *, first_line: int) -> MarkdownOfMdx:
    """Return ``body`` without program outside of the ranges ``code``."""
    parts: list[str] = []
    diagnostics: list[Diagnostic] = []
    done = 0
    for start, end, replacement, is_reported in _replacements(body, code):
        line_feeds = "\n" * (body.count("\n", start, end) - replacement.count("\n"))
        parts += [body[done:start], replacement, line_feeds]
        done = end
        if is_reported and len(diagnostics) < MAX_DIAGNOSTICS:
            diagnostics.append(_removed(body, start, end, first_line))
    return MarkdownOfMdx(text="".join([*parts, body[done:]]), diagnostics=tuple(diagnostics))


def _replacements(body: str, code: Sequence[Range]) -> Iterator[tuple[int, int, str, bool]]:
    """Yield (start, end, replacement, whether it is reported) in order, without overlaps."""
    found = [
        *((match.start(), match.end(), "", False) for match in _IMPORT.finditer(body)),
        *((match.start(), match.end(), "", False) for match in _COMMENT.finditer(body)),
        *(
            (match.start(), match.end(), match[2], False)
            for match in _TEXT_EXPRESSION.finditer(body)
        ),
        *_tags(body),
    ]
    ranges = iter(code)
    code_start, code_end = next(ranges, (len(body), len(body)))
    done = 0
    for each in sorted(found):
        while code_end <= each[0] < len(body):
            code_start, code_end = next(ranges, (len(body), len(body)))
        if each[0] >= done and not code_start <= each[0] < code_end:
            done = each[1]
            yield each


def _tags(body: str) -> Iterator[tuple[int, int, str, bool]]:
    done = open_tags = 0
    for match in islice(_TAG.finditer(body), _MAX_TAGS):
        tag = _read_tag(body, match) if match.start() >= done else None
        if tag is None:
            open_tags += match.start() >= done
            if open_tags > _MAX_OPEN_TAGS:
                return
            continue
        done = tag.end
        is_component = not tag.name or tag.name[0].isupper() or "." in tag.name
        if is_component:
            element = _KNOWN.get(tag.name, "")
            html = _element(element, tag) if element else ""
            yield match.start(), tag.end, html, bool(tag.name) and not element and not tag.is_end
        elif tag.made:
            yield match.start(), tag.end, _element(tag.name, tag), False


def _read_tag(body: str, match: re.Match[str]) -> _Tag | None:
    """Return the tag at ``match``, None if it is not closed."""
    position, limit = match.end(), match.end() + _MAX_TAG_CHARACTERS
    attributes: dict[str, str] = {}
    made: set[str] = set()
    while position < min(len(body), limit):
        if body[position] == ">":
            return _Tag(
                name=match["name"],
                end=position + 1,
                is_end=bool(match["end"]),
                attributes=attributes,
                made=frozenset(made),
            )
        if body[position] == "<":
            return None
        found = _ATTRIBUTE.match(body, position)
        position = found.end() if found else position + 1
        if found and found[0].endswith("{"):
            end = _end_of_expression(body, position)
            literal = _LITERAL.search(body, position, end)
            made.add(found[1] or "")
            if found[1] and literal:
                attributes[found[1]] = literal[2]
            position = end
        elif found:
            attributes[found[1]] = (found[2] or "")[1:-1]
    return None


def _end_of_expression(body: str, position: int) -> int:
    """Return the offset after the brace that closes the one before ``position``."""
    depth = 1
    for match in _STRUCTURE.finditer(body, position, position + _MAX_TAG_CHARACTERS):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(body)


def _element(name: str, tag: _Tag) -> str:
    if tag.is_end:
        return f"</{name}>"
    own = (
        f' {key}="{escape_html(value)}"'
        for key, value in tag.attributes.items()
        if key in _KEPT or key not in tag.made
    )
    return f"<{name}{''.join(own)}>"


def _removed(body: str, start: int, end: int, first_line: int) -> Diagnostic:
    line, column = line_and_column(body, start)
    shown = " ".join(body[start:end].split())[:60]
    return Diagnostic(
        level="notice",
        rule="template",
        line=first_line + line - 1,
        column=column,
        message=f"{shown} was left out: a component",
        hint="Replace the component by what it shows; the text inside of it is kept.",
    )
