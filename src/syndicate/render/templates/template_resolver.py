"""Resolves the template tags in a body; unknown tags are removed and reported.

No template engine runs, so the result does not depend on what a site has installed. Code and the
content between ``{% raw %}`` and ``{% endraw %}`` are kept as they are. Comments are removed
without a report.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, Diagnostic, line_and_column
from syndicate.render.markdown import code_ranges
from syndicate.render.templates.comments import (
    MASK_CHARACTER,
    find_template_comments,
    mask_ranges,
)
from syndicate.render.templates.shortcodes import apply_filters, expand
from syndicate.render.templates.template_blocks import branches, decide, matching_ends
from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_tags import (
    LITERAL_BRACE,
    POST_REFERENCE_TAGS,
    UNRESOLVED_URL,
    TemplateTag,
    find_tags,
    parse_value,
)

_VERBATIM_TAG: Final = re.compile(
    r"\{%-?\s*(?P<raw>raw)\s*-?%\}"
    r"|^[ \t]*\{(?:%-?(?!\s*comment)|\{[<%])\s*(?P<name>highlight|comment)\b[^{}\n]*\}\}?"
    r"|\{(?:%-?\s*end|\{[<%]\s*/\s*)(?P<end>raw|highlight|comment)\s*-?[%>]\}\}?",
    re.MULTILINE,
)
_LITERAL_SHORTCODE: Final = re.compile(r"(\{\{[<%])/\*([^{}\n]*?)\*/([%>]\}\})")
_BRACE: Final = re.compile(r"\{(?=[{%]|\Z)")
_RAW_TAG: Final = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
_CHARACTER: Final = re.compile(r"[^\n]")
_FENCE: Final = re.compile(r"`{3,}")
_URL_BEGIN: Final = re.compile(
    r"(?:\]\(\s*<?|\]:[ \t]*<?|https?://|<|(?<![\w-])(?:data-)?(?:href|src|poster|cite|srcset)=[\"']?)"
    r"[^\s\"'<>()]*\Z",
    re.IGNORECASE,
)
"""The beginning of a URL at the end of a text."""
_MAX_URL_CHARACTERS: Final = 300
_MAX_BLOCK_DEPTH: Final = 20
_MAX_INDENT: Final = 40
_MAX_SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedTemplate:
    """A body without template tags, in which `LITERAL_BRACE` replaces literal braces.

    ``referenced_names`` are the posts and pages that tags name.
    """

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()
    referenced_names: tuple[str, ...] = ()


def resolve_templates(body: str, context: TemplateContext, *, first_line: int) -> ResolvedTemplate:
    """Return ``body`` with its tags resolved; ``first_line`` is its first line in the file."""
    if not any(sign in body for sign in ("{{", "{%", "{#")):
        return ResolvedTemplate(text=body)
    comments = find_template_comments(body, context.comment_syntaxes, context.engine)
    text, scanned = _mask_verbatim(mask_ranges(body, comments, white_space=False))
    text = mask_ranges(text, comments, white_space=True)
    tags = tuple(find_tags(scanned, code_ranges(scanned, context.engine)))
    resolver = _Resolver(text, tags, context)
    resolved = resolver.resolve(0, len(tags), 0, len(text))
    return ResolvedTemplate(
        text=_LITERAL_SHORTCODE.sub(_as_shown, resolved.replace(MASK_CHARACTER, "")),
        diagnostics=tuple(
            _diagnostic(tag, cause, body, first_line) for tag, cause in resolver.removed
        ),
        referenced_names=tuple(
            tag.call.page_name
            for tag in tags
            if tag.name in POST_REFERENCE_TAGS and tag.call.page_name
        ),
    )


def _mask_verbatim(body: str) -> tuple[str, str]:
    """Return ``body`` for output, and ``body`` for scanning for tags and code.

    In both, ``raw`` tags are masked and the braces between them replaced by `LITERAL_BRACE`. In
    the second, the content of comments and highlighted code is masked too. Offsets stay the same.
    """
    text, scanned = [], []
    end = 0
    for opening, closing in _verbatim_pairs(body):
        inside = body[opening.end() : closing.start()]
        if opening["raw"]:
            literal = _BRACE.sub(LITERAL_BRACE, inside)
            blanked = MASK_CHARACTER * len(opening[0]), literal, MASK_CHARACTER * len(closing[0])
            text += [body[end : opening.start()], *blanked]
            scanned += [body[end : opening.start()], *blanked]
        else:
            text.append(body[end : closing.end()])
            scanned += [
                body[end : opening.end()],
                _CHARACTER.sub(MASK_CHARACTER, inside),
                closing[0],
            ]
        end = closing.end()
    return "".join([*text, body[end:]]), "".join([*scanned, body[end:]])


def _verbatim_pairs(body: str) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield start and end tag of each pair with verbatim content.

    Raw text may begin anywhere, comments and highlighted code at the beginning of a line.
    """
    tags = list(_VERBATIM_TAG.finditer(body))
    last = {tag["end"]: number for number, tag in enumerate(tags) if tag["end"]}
    opening: re.Match[str] | None = None
    name = ""
    for number, tag in enumerate(tags):
        if opening is None:
            name = tag["raw"] or tag["name"] or ""
            opening = tag if last.get(name, -1) > number else None
        elif tag["end"] == name:
            yield opening, tag
            opening = None


def _as_shown(shortcode: re.Match[str]) -> str:
    """Return a shortcode in code as Hugo shows it, without the marks that keep it from running."""
    opening, inside, closing = shortcode.groups()
    return f"{LITERAL_BRACE * 2}{opening[2:]}{inside}{closing}"


class _Resolver:
    """Replaces the tags of one text in their order.

    ``removed`` are the tags without a replacement, each with the reason, at most
    `MAX_DIAGNOSTICS`.
    """

    def __init__(self, text: str, tags: Sequence[TemplateTag], context: TemplateContext) -> None:
        self.removed: Final[list[tuple[TemplateTag, str]]] = []
        self._text: Final = text
        self._tags: Final = tags
        self._values: Final = dict(context.values)
        self._context: Final = replace(context, values=self._values)
        self._ends: Final = matching_ends(tags)
        self._last: Final = {tag.closes: number for number, tag in enumerate(tags) if tag.closes}

    def resolve(self, first: int, last: int, start: int, end: int, depth: int = 0) -> str:
        """Return the text from ``start`` to ``end`` with the tags ``first`` to ``last`` replaced.

        ``depth`` is the number of blocks around.
        """
        parts: list[str] = []
        position, number = start, first
        while number < last:
            tag = self._tags[number]
            between = self._text[position : tag.start]
            number, position, replacement = self._replacement(number, depth)
            if replacement is None:
                self._report(tag, _cause(tag))
                replacement = UNRESOLVED_URL if _is_in_url([*parts[-2:], between]) else ""
            elif tag.name in POST_REFERENCE_TAGS and not between and "//" in replacement:
                self._drop_base(parts)
            parts += [between, replacement]
        return "".join([*parts, self._text[position:end]])

    def _replacement(self, number: int, depth: int) -> tuple[int, int, str | None]:
        """Return the number of the next tag, the end of the replaced text, and its replacement."""
        tag = self._tags[number]
        if number in self._ends:
            closing = self._ends[number]
            return closing + 1, self._tags[closing].end, self._block(number, closing, depth)
        if tag.name in ("comment", "highlight") and self._last.get(tag.name, -1) > number:
            closing = number + 1
            while self._tags[closing].closes != tag.name:
                closing += 1
            return closing + 1, self._tags[closing].end, self._verbatim(tag, self._tags[closing])
        if tag.closes:
            return number + 1, tag.end, ""
        if tag.kind == "tag" and tag.name in ("assign", "set"):
            return number + 1, tag.end, self._assign(tag)
        is_paired = self._last.get(tag.name, -1) > number
        return number + 1, tag.end, expand(tag, self._context, is_paired=is_paired)

    def _block(self, number: int, closing: int, depth: int) -> str:
        """Return what readers see of the block of the tags ``number`` to ``closing``."""
        tag = self._tags[number]
        if tag.name in ("capture", "set") and depth < _MAX_BLOCK_DEPTH:
            start, end = tag.end, self._tags[closing].start
            captured = self.resolve(number + 1, closing, start, end, depth + 1)
            self._values[tag.expression.strip("'\"")] = captured.strip()
            return ""
        if tag.name not in ("if", "unless") or depth >= _MAX_BLOCK_DEPTH:
            self._report(tag, "was left out with its content: it is not run")
            return ""
        for branch in branches(self._tags, self._ends, number, closing):
            holds = decide(branch.condition, self._context) if branch.condition else True
            if holds is None:
                self._report(tag, "was left out with its content: its condition is unknown")
                return ""
            if holds is not branch.is_negated:
                first, last = branch.first, branch.last
                start, end = self._tags[first - 1].end, self._tags[last].start
                return self.resolve(first, last, start, end, depth + 1)
        self._report(tag, "was left out with its content: its condition is false")
        return ""

    def _assign(self, tag: TemplateTag) -> str | None:
        name, _, expression = tag.expression.partition("=")
        call, filters = parse_value(expression)
        value = call.arguments[0] if call.arguments else self._context.find(call.name)
        assigned = apply_filters(value, filters, self._context)
        if assigned is None and (filters or not self._context.is_nil(call.name)):
            self._values.pop(name.strip(), None)
        else:
            self._values[name.strip()] = assigned
        return None if assigned is None else ""

    def _verbatim(self, tag: TemplateTag, closing: TemplateTag) -> str:
        before = self._text[max(0, tag.start - _MAX_INDENT) : tag.start]
        return _verbatim_markdown(tag, self._text[tag.end : closing.start], before)

    def _drop_base(self, parts: list[str]) -> None:
        """Take the base URL out of the end of ``parts``: a link to a page already begins with it.

        Up to version 3, Jekyll's ``link`` and ``post_url`` had to be written behind it.
        """
        bases = (self._context.base_path, self._context.origin, self._context.site_url)
        while parts and (not parts[-1] or parts[-1] in bases):
            parts.pop()

    def _report(self, tag: TemplateTag, cause: str) -> None:
        if len(self.removed) < MAX_DIAGNOSTICS:
            self.removed.append((tag, cause))


def _is_in_url(before: Sequence[str]) -> bool:
    """Return whether a value after the texts ``before`` is part of the URL of a link or image."""
    return _URL_BEGIN.search("".join(before)[-_MAX_URL_CHARACTERS:]) is not None


def _verbatim_markdown(tag: TemplateTag, inside: str, before: str) -> str:
    if tag.name == "comment":
        return ""
    inside = _RAW_TAG.sub("", inside)
    if "\n" not in inside:
        return f"<code>{inside.strip()}</code>"
    longest = max((len(run) for run in _FENCE.findall(inside)), default=2)
    fence = "`" * (longest + 1)
    language = tag.call.arguments[0] if tag.call.arguments else ""
    start = "\n" if before.rpartition("\n")[2].strip(" ") else ""
    code = inside if inside.startswith("\n") else f"\n{inside}"
    return f"{start}{fence}{language}{code.rstrip()}\n{fence}\n"


def _cause(tag: TemplateTag) -> str:
    return "is not closed" if tag.kind == "unclosed" else "was removed: unknown tag"


def _diagnostic(tag: TemplateTag, cause: str, text: str, first_line: int) -> Diagnostic:
    line, column = line_and_column(text, tag.start)
    source = " ".join(tag.source.split())
    shown = source if len(source) <= _MAX_SHOWN_CHARACTERS else f"{source[:_MAX_SHOWN_CHARACTERS]}…"
    return Diagnostic(
        level="notice",
        rule="template",
        line=first_line + line - 1,
        column=column,
        message=f"{shown} {cause}",
        hint="Replace the tag by its output, or add it to the source's replacements.",
    )
