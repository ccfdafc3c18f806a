"""Finds and removes comments of Liquid, Nunjucks and kramdown outside of code.

Comments must not reach readers in any form. Comments in code spans, in code blocks and in tags
that the engine takes verbatim are content.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from typing import Final

from syndicate.model.markdown_options import MarkdownEngine
from syndicate.render.markdown import code_ranges
from syndicate.render.messages import CommentSyntax
from syndicate.render.templates.template_tags import Range

MASK_CHARACTER: Final = "\ufdd1"
"""Replaces masked characters, so that offsets stay the same."""

_LIQUID: Final = (
    r"\{%-?\s*(?P<raw>raw|verbatim)\s*-?%\}"
    r"|(?<!\{)\{%-?\s*(?P<highlight>highlight)\b[^{}%]*%\}"
    r"|(?<!\{)\{%-?\s*(?P<comment>comment)\b[^{}%]*%\}"
    r"|(?P<line>(?<!\{)\{%-?\s*#(?:(?!%\}|\{%).)*%\})"
    r"|\{%-?\s*end(?P<end>raw|verbatim|highlight|comment)\s*-?%\}"
)
"""Tags of Liquid. Hugo's shortcodes ``{{% … %}}`` are excluded."""

_NUNJUCKS: Final = r"\{#[\w:.\-]+(?:[ \t][^{}\n]*)?(?<!#)\}|(?P<open>\{#)|(?P<close>#\})"
"""A comment of Nunjucks. Attribute lists of Markdown (``{#id .class}``) are excluded."""

_TEMPLATE: Final = re.compile(_LIQUID, re.DOTALL)
_TEMPLATE_OR_NUNJUCKS: Final = re.compile(f"{_LIQUID}|{_NUNJUCKS}", re.DOTALL)
_KRAMDOWN: Final = re.compile(
    r"(?<!\\)\{::(?P<name>comment|nomarkdown)(?:\s(?:\\\}|(?!\{:)[^}])*?)?(?P<empty>/)?\}"
    r"|(?P<end>\{:/(?:comment|nomarkdown)?\})"
)
_LINE_LEAD: Final = re.compile(r"[ \t>*+\-\d.)]*")
_REST_OF_LINE: Final = re.compile(r"[ \t]*(?:\n|\Z)")
_BLANK_LINE: Final = re.compile(r"\n[ \t>]*(?=\n)")
_NON_SPACE: Final = re.compile(r"\S")
_MAX_INDENT: Final = 40
"""Characters before a comment in which the beginning of its line is searched."""

Accepts = Callable[[re.Match[str]], bool]
"""Returns whether a comment may begin at a match."""


def find_template_comments(
    text: str, syntaxes: Collection[CommentSyntax], engine: MarkdownEngine
) -> tuple[Range, ...]:
    """Return the ranges of Liquid comments in ``text``, and of Nunjucks ones if in ``syntaxes``.

    ``{%- … -%}`` and ``{#- … -#}`` include the surrounding white space. An unclosed Liquid comment
    extends to the end, because no engine publishes what follows.
    """
    pattern = _TEMPLATE_OR_NUNJUCKS if "nunjucks" in syntaxes else _TEMPLATE
    tokens = [token for token in pattern.finditer(text) if token.lastgroup]
    if not {"comment", "line", "open"} & {token.lastgroup for token in tokens}:
        return ()
    found = _outside_code(
        text, engine, lambda accepts: _scan_template_comments(tokens, len(text), accepts)
    )
    return tuple(_extend_over_white_space(text, comment) for comment in found)


def remove_kramdown_comments(text: str, engine: MarkdownEngine) -> str:
    """Return Markdown ``text`` without block and inline ``{::comment}…{:/comment}``.

    If a comment fills whole lines, their line feeds are removed too.
    """
    if "{::comment" not in text:
        return text
    tokens = list(_KRAMDOWN.finditer(text))
    found = _outside_code(
        text, engine, lambda accepts: _scan_kramdown_comments(text, tokens, accepts)
    )
    return remove_ranges(text, [_extend_to_lines(text, comment) for comment in found])


def remove_ranges(text: str, ranges: Sequence[Range]) -> str:
    """Return ``text`` without ``ranges``, which must be in order."""
    starts = [start for start, _ in ranges] + [len(text)]
    ends = [0] + [end for _, end in ranges]
    return "".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def mask_ranges(text: str, ranges: Sequence[Range], *, white_space: bool) -> str:
    """Return ``text`` with ``ranges`` masked, their white space only if ``white_space``."""
    parts, done = [], 0
    for start, end in ranges:
        inside = text[start:end]
        inside = (
            MASK_CHARACTER * len(inside) if white_space else _NON_SPACE.sub(MASK_CHARACTER, inside)
        )
        parts += [text[done:start], inside]
        done = end
    return "".join([*parts, text[done:]])


def _outside_code(
    text: str, engine: MarkdownEngine, find: Callable[[Accepts], list[Range]]
) -> list[Range]:
    """Return the ranges that ``find`` finds outside of what ``engine`` reads as code.

    Comments may contain code and code may contain comments. The first approximation is comments
    at the beginning of a line. The code in the text without them decides about all comments;
    repeated once with the result.
    """
    ranges = find(lambda token: _begins_line(text, token.start()))
    for _ in range(2):
        # the brace stays, since a flavour may find code by the braces in it
        inside = [(start + 1, end) for start, end in ranges]
        code = code_ranges(mask_ranges(text, inside, white_space=False), engine)
        starts = [start for start, _ in code]

        def accepts(
            token: re.Match[str], code: Sequence[Range] = code, starts: Sequence[int] = starts
        ) -> bool:
            number = bisect_right(starts, token.start()) - 1
            return number < 0 or code[number][1] <= token.start()

        ranges = find(accepts)
    return ranges


def _scan_template_comments(
    tokens: Sequence[re.Match[str]], size: int, accepts: Accepts
) -> list[Range]:
    last = {
        token[0 if token.lastgroup == "close" else "end"]: number
        for number, token in enumerate(tokens)
    }
    found: list[Range] = []
    number = 0
    while number < len(tokens):
        token = tokens[number]
        number += 1
        kind = token.lastgroup or ""
        if kind == "raw" or (kind == "highlight" and accepts(token)):
            number = _skip_to_end(tokens, number, token[kind], last)
        elif kind == "open" and last.get("#}", -1) >= number and accepts(token):
            while tokens[number].lastgroup != "close":
                number += 1
            found.append((token.start(), tokens[number].end()))
            number += 1
        elif kind == "line" and accepts(token):
            found.append(token.span())
        elif kind == "comment" and accepts(token):
            number = _skip_comment(tokens, number, last)
            end = tokens[number - 1].end() if number <= len(tokens) else size
            found.append((token.start(), end))
    return found


def _skip_to_end(
    tokens: Sequence[re.Match[str]], number: int, name: str, last: dict[str, int]
) -> int:
    """Return the number of the token after the end tag of ``name``, or ``number`` if none."""
    if last.get(name, -1) < number:
        return number
    while tokens[number]["end"] != name:
        number += 1
    return number + 1


def _skip_comment(tokens: Sequence[re.Match[str]], number: int, last: dict[str, int]) -> int:
    """Return the number of the token after a comment, which may contain comments and raw text.

    The result is ``len(tokens) + 1`` if the comment is not closed.
    """
    depth = 1
    while number < len(tokens):
        token = tokens[number]
        number += 1
        if token.lastgroup == "raw":
            number = _skip_to_end(tokens, number, token["raw"], last)
        elif token.lastgroup == "comment":
            depth += 1
        elif token["end"] == "comment":
            depth -= 1
            if not depth:
                return number
    return number + 1


def _scan_kramdown_comments(
    text: str, tokens: Sequence[re.Match[str]], accepts: Accepts
) -> list[Range]:
    ends = _KramdownEnds(text, tokens)
    found: list[Range] = []
    done = 0
    for token in tokens:
        if token["end"] or token.start() < done or not accepts(token):
            continue
        end = token if token["empty"] else ends.find_end(token)
        if end is not None:
            done = end.end()
            if token["name"] == "comment":
                found.append((token.start(), done))
    return found


class _KramdownEnds:
    """Finds the ends of kramdown's extensions (kramdown: parser/kramdown/extensions.rb)."""

    def __init__(self, text: str, tokens: Sequence[re.Match[str]]) -> None:
        self._text: Final = text
        self._ends: Final = {
            name: [token for token in tokens if token["end"] in (f"{{:/{name}}}", "{:/}")]
            for name in ("comment", "nomarkdown")
        }
        self._block_ends: Final = {
            name: [token for token in ends if _is_alone(text, token)]
            for name, ends in self._ends.items()
        }
        self._blank_lines: Final = [match.start() for match in _BLANK_LINE.finditer(text)]

    def find_end(self, token: re.Match[str]) -> re.Match[str] | None:
        """Return the end of the block at ``token``, or else of an inline within its paragraph."""
        block = _next_end(self._block_ends[token["name"]], token)
        if block is not None and _is_alone(self._text, token):
            return block
        inline = _next_end(self._ends[token["name"]], token)
        if inline is None or self._paragraph(inline) != self._paragraph(token):
            return None
        return inline

    def _paragraph(self, token: re.Match[str]) -> int:
        return bisect_left(self._blank_lines, token.start())


def _next_end(ends: Sequence[re.Match[str]], token: re.Match[str]) -> re.Match[str] | None:
    number = bisect_left(ends, token.end(), key=re.Match.start)
    return ends[number] if number < len(ends) else None


def _begins_line(text: str, position: int) -> bool:
    low = max(0, position - _MAX_INDENT)
    start = text.rfind("\n", low, position) + 1
    return (start > 0 or low == 0) and _LINE_LEAD.fullmatch(text, start, position) is not None


def _is_alone(text: str, token: re.Match[str]) -> bool:
    """Return whether ``token`` is alone on its line, except for markers of lists and quotes."""
    return _begins_line(text, token.start()) and _REST_OF_LINE.match(text, token.end()) is not None


def _extend_to_lines(text: str, found: Range) -> Range:
    """Return ``found`` with surrounding blanks and its line feed if it fills whole lines."""
    start, end = found
    before = text.rfind("\n", max(0, start - _MAX_INDENT), start) + 1
    is_first = before > 0 or start <= _MAX_INDENT
    rest = _REST_OF_LINE.match(text, end)
    if is_first and rest and not text[before:start].strip(" \t"):
        return before, rest.end()
    return found


def _extend_over_white_space(text: str, found: Range) -> Range:
    """Return ``found`` with the white space that its hyphens strip."""
    start, end = found
    if text.startswith("-", start + 2):
        while start and text[start - 1].isspace():
            start -= 1
    if text.startswith("-", end - 3):
        while end < len(text) and text[end].isspace():
            end += 1
    return start, end
