"""Resolves the closed list of template tags that posts use; all others are left out and noted.

No template engine runs here: a post shows the same whatever the site it comes from has
installed. Code spans, fences and indented code stay as they are, and so does what stands between
``{% raw %}`` and ``{% endraw %}``, wherever that is. Comments go without a notice.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.render.diagnostics import MAX_DIAGNOSTICS, Diagnostic, line_and_column
from syndicate.render.markdown.code_ranges import code_ranges
from syndicate.render.templates.comments import (
    MASK_CHARACTER,
    find_template_comments,
    mask_ranges,
)
from syndicate.render.templates.shortcodes import (
    POST_REFERENCE_TAGS,
    TemplateContext,
    expand,
)
from syndicate.render.templates.template_tags import TemplateTag, find_tags

LITERAL_BRACE: Final = "\ufdd0"
"""Stands for a brace that is meant as one, until HTML has been made."""

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
    """A body without template code, in which `LITERAL` stands for braces meant as such.

    ``names`` are the other posts and pages that tags name, as written.
    """

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()
    referenced_names: tuple[str, ...] = ()


def resolve_templates(body: str, context: TemplateContext, *, first_line: int) -> ResolvedTemplate:
    """Return ``body`` with its tags resolved; ``first_line`` is its first line in the file."""
    if not any(sign in body for sign in ("{{", "{%", "{#")):
        return ResolvedTemplate(text=body)
    comments = find_template_comments(body, context.comment_syntaxes)
    text, scanned = _mask_verbatim(mask_ranges(body, comments, white_space=False))
    text = mask_ranges(text, comments, white_space=True)
    tags = tuple(find_tags(scanned, code_ranges(scanned)))
    diagnostics: list[Diagnostic] = []
    parts: list[str] = []
    end = 0
    for tag, until, replacement in _replacements(text, tags, context):
        parts += [text[end : tag.start], replacement or ""]
        end = until
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
    """Return ``body`` as it is to be read, and as its tags and code are to be found.

    In both, each ``raw`` tag is blanked out and braces between two are `LITERAL`. In the second,
    so is the inside of comments and highlighted code: whatever is there means nothing outside.
    Lengths stay the same, so that places in the results are places in ``body``.
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
    """Yield opening and end tag of each pair whose inside is not to be read.

    Raw text may begin anywhere, a comment or highlighted code at the beginning of a line.
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
    text: str, found: Sequence[TemplateTag], context: TemplateContext
) -> Iterator[tuple[TemplateTag, int, str | None]]:
    """Yield (tag, where what it replaces ends, replacement or None if it has no meaning)."""
    last = {tag.closes: number for number, tag in enumerate(found) if tag.closes}
    number = 0
    while number < len(found):
        tag = found[number]
        number += 1
        if tag.name in ("comment", "highlight") and last.get(tag.name, 0) >= number:
            while found[number].closes != tag.name:
                number += 1
            inside = text[tag.end : found[number].start]
            before = text[max(0, tag.start - _MAX_INDENT) : tag.start]
            yield tag, found[number].end, _verbatim_markdown(tag, inside, before)
            number += 1
        else:
            paired = last.get(tag.name, 0) >= number
            yield tag, tag.end, "" if tag.closes else expand(tag, context, is_paired=paired)


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
    cause = "is never closed" if tag.kind == "stray" else "was left out: it has no meaning here"
    return Diagnostic(
        level="notice",
        rule="template",
        line=first_line + line - 1,
        column=column,
        message=f"{shown} {cause}",
        hint="Write what it stands for, or name that in the source's replacements.",
    )
