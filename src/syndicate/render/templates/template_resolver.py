"""Resolves the template tags in a body; unknown tags are removed and reported.

No template engine runs, so the result does not depend on what a site has installed. Code and the
content between ``{% raw %}`` and ``{% endraw %}`` are kept as they are. Comments are removed
without a report.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, Diagnostic, line_and_column
from syndicate.render.markdown import code_ranges
from syndicate.render.templates.comments import (
    MASK_CHARACTER,
    find_template_comments,
    mask_ranges,
)
from syndicate.render.templates.shortcodes import TemplateContext, expand
from syndicate.render.templates.template_tags import (
    LITERAL_BRACE,
    POST_REFERENCE_TAGS,
    TemplateTag,
    find_tags,
)

_VERBATIM_TAG: Final = re.compile(
    r"\{%-?\s*(?P<raw>raw)\s*-?%\}"
    r"|^[ \t]*\{(?:%-?(?!\s*comment)|\{[<%])\s*(?P<name>highlight|comment)\b[^{}\n]*\}\}?"
    r"|\{(?:%-?\s*end|\{[<%]\s*/\s*)(?P<end>raw|highlight|comment)\s*-?[%>]\}\}?",
    re.MULTILINE,
)
_BRACE: Final = re.compile(r"\{(?=[{%]|\Z)")
_RAW_TAG: Final = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
_CHARACTER: Final = re.compile(r"[^\n]")
_FENCE: Final = re.compile(r"`{3,}")
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
    diagnostics: list[Diagnostic] = []
    parts: list[str] = []
    end = 0
    for tag, replaced_until, replacement in _replacements(text, tags, context):
        parts += [text[end : tag.start], replacement or ""]
        end = replaced_until
        if replacement is None and len(diagnostics) < MAX_DIAGNOSTICS:
            diagnostics.append(_unresolved_diagnostic(tag, body, first_line))
    parts.append(text[end:])
    return ResolvedTemplate(
        text="".join(parts).replace(MASK_CHARACTER, ""),
        diagnostics=tuple(diagnostics),
        referenced_names=tuple(
            tag.call.arguments[0]
            for tag in tags
            if tag.name in POST_REFERENCE_TAGS and tag.call.arguments
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


def _replacements(
    text: str, tags: Sequence[TemplateTag], context: TemplateContext
) -> Iterator[tuple[TemplateTag, int, str | None]]:
    """Yield (tag, end of the replaced range, replacement or None if the tag is unknown)."""
    last = {tag.closes: number for number, tag in enumerate(tags) if tag.closes}
    number = 0
    while number < len(tags):
        tag = tags[number]
        number += 1
        if tag.name in ("comment", "highlight") and last.get(tag.name, 0) >= number:
            while tags[number].closes != tag.name:
                number += 1
            inside = text[tag.end : tags[number].start]
            before = text[max(0, tag.start - _MAX_INDENT) : tag.start]
            yield tag, tags[number].end, _verbatim_markdown(tag, inside, before)
            number += 1
        else:
            is_paired = last.get(tag.name, 0) >= number
            yield tag, tag.end, "" if tag.closes else expand(tag, context, is_paired=is_paired)


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


def _unresolved_diagnostic(tag: TemplateTag, text: str, first_line: int) -> Diagnostic:
    line, column = line_and_column(text, tag.start)
    source = " ".join(tag.source.split())
    shown = source if len(source) <= _MAX_SHOWN_CHARACTERS else f"{source[:_MAX_SHOWN_CHARACTERS]}…"
    cause = "is not closed" if tag.kind == "unclosed" else "was removed: unknown tag"
    return Diagnostic(
        level="notice",
        rule="template",
        line=first_line + line - 1,
        column=column,
        message=f"{shown} {cause}",
        hint="Replace the tag by its output, or add it to the source's replacements.",
    )
