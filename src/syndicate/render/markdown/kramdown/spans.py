"""Spans that kramdown reads in another way than Python-Markdown, and limits for all of them.

Source: kramdown 2.4, "Span-level Elements", and kramdown-parser-gfm 1.1.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.inlinepatterns import (
    HTML_RE,
    HtmlInlineProcessor,
    InlineProcessor,
    SimpleTagInlineProcessor,
    SubstituteTagInlineProcessor,
)
from markdown.treeprocessors import InlineProcessor as InlineTreeprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, AtomicString, Registry, code_escape
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import (
    ATTRIBUTE_LIST,
    EXTENSION,
    EXTENSION_END,
    Attributes,
)
from syndicate.render.markdown.kramdown.block_parser import GROUP, KramdownBlockParser
from syndicate.render.markdown.kramdown.footnotes import (
    FootnoteReferenceProcessor,
    Footnotes,
)
from syndicate.render.markdown.kramdown.html_blocks import BLOCK_ELEMENTS, escaped_as_by_kramdown

_STAND_INS: Final = str.maketrans("[]()", "\ufdd4\ufdd5\ufdd6\ufdd7")
_RESTORED: Final = str.maketrans("\ufdd4\ufdd5\ufdd6\ufdd7", "[]()")
_STAND_IN: Final = re.compile("[\ufdd4-\ufdd7]")
_INNERMOST: Final = r"\[[^\[\]]*+\]"
_NESTED: Final = r"\[(?:[^\[\]\\]|\\.|%s)*+\]"
_URL: Final = r"\((?:[^()\\]|\\.|\([^()]*+\))*+\)"
_LINK: Final = re.compile(rf"\\.|{_NESTED % (_NESTED % _INNERMOST)}(?:{_URL})?", re.DOTALL)
_MAX_STEPS: Final = 1_000_000


def without_unused_brackets(text: str) -> str:
    """Return ``text`` with stand-ins for brackets that no link has, if they are many.

    Python-Markdown looks for the end of a link from each bracket on: those that have none, or are
    nested deeper than three levels, must not be there when there are thousands of them.
    """
    if (text.count("[") + text.count("(")) * len(text) < _MAX_STEPS:
        return text
    parts, done = [], 0
    for link in _LINK.finditer(text):
        parts += [text[done : link.start()].translate(_STAND_INS), link[0]]
        done = link.end()
    return "".join([*parts, text[done:].translate(_STAND_INS)])


def restored(text: str) -> str:
    """Return ``text`` with the characters for which it holds stand-ins."""
    return text.translate(_RESTORED) if _STAND_IN.search(text) else text


_SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "  \n": ("linebreak",),
    "![": ("image_link", "image_reference", "short_image_ref"),
    '"': ("typography",),
    "$$": ("math",),
    "&": ("entity",),
    "'": ("typography",),
    "*": ("em_strong",),
    "--": ("typography",),
    "...": ("typography",),
    "::": ("extension",),
    "<": ("autolink", "automail", "guillemets", "html"),
    ">>": ("guillemets",),
    "[^": ("footnote",),
    "\\": ("broken_line", "escape"),
    "\n": ("nl",),
    "]": ("reference", "short_reference"),
    "](": ("link",),
    "_": ("em_strong",),
    "`": ("backtick",),
    "~~": ("struck",),
}
"""What must be in a text for patterns with these names. No pattern adds a sign to a text."""

_REFERENCES: Final = frozenset(
    {"image_reference", "reference", "short_image_ref", "short_reference"}
)


class PatternChoice:
    """Selects those of a converter's ``patterns`` that may find something in a text.

    Required by the limit of CPU time for 10,000 posts: bodies of 18F take 1.5 ms with the choice
    and 2.6 ms without, since trying a pattern takes time.
    """

    def __init__(self, patterns: Registry[Any]) -> None:
        self._patterns: Final = patterns
        self._chosen: Final[dict[tuple[bool, ...], Registry[Any]]] = {}

    def choose(self, text: str, *, has_references: bool) -> Registry[Any]:
        """Return the patterns that may find something in ``text``, in their order."""
        key = (has_references, *[sign in text for sign in _SIGNS])
        if key not in self._chosen:
            names = {
                name
                for is_there, of_sign in zip(key[1:], _SIGNS.values(), strict=True)
                for name in of_sign
                if is_there and name in self._patterns
            }
            chosen = Registry[Any]()
            for name in names if has_references else names - _REFERENCES:
                priority = -self._patterns.get_index_for_name(name)
                chosen.register(self._patterns[name], name, priority)
            self._chosen[key] = chosen
        return self._chosen[key]


_STRUCK: Final = r"(~~)(?![\s~])(.*?[^\s~])~~"
"""Text between two tildes, which kramdown-parser-gfm strikes out."""

_BROKEN_LINE: Final = r"\\{1,2}\n"
_MATH: Final = r"\$\$(.*?)\$\$"
_CODE: Final = r"\\.|`+"
_TAG: Final = rf"{HTML_RE}(?:{ATTRIBUTE_LIST})?"
_NAME: Final = re.compile(r"</?([A-Za-z][\w-]*)")
_TAIL_ATTRIBUTES: Final = re.compile(rf"(?:{ATTRIBUTE_LIST})+")
_ATTRIBUTES: Final = re.compile(ATTRIBUTE_LIST)
_LEAVES: Final = frozenset({GROUP, "p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "td", "th"})
_SPAN_TAGS: Final = frozenset({"a", "abbr", "br", "code", "del", "em", "img", "strong", "sup"})
_SPACES: Final = re.compile(r" {3,}")
_PART: Final = re.compile(r".{1,16000}(?:\s|\Z)|.{16000}", re.DOTALL)
_MAX_LENGTH: Final = 16_000


def add_spans(markdown: Markdown, footnotes: Footnotes) -> None:
    """Register the patterns above, and the characters that a backslash escapes."""
    markdown.ESCAPED_CHARS = list("\\.*_+`<>()[]{}#!:|\"'$=-~")
    patterns = markdown.inlinePatterns
    patterns.register(CodeSpanProcessor(_CODE), "backtick", 190)
    patterns.register(FootnoteReferenceProcessor(footnotes), "footnote", 175)
    patterns.register(MathProcessor(_MATH, markdown), "math", 187)
    patterns.register(SpanExtensionProcessor(rf"(?<!\\){EXTENSION}", markdown), "extension", 186)
    patterns.register(SubstituteTagInlineProcessor(_BROKEN_LINE, "br"), "broken_line", 185)
    patterns.register(TagProcessor(_TAG, markdown), "html", 90)
    patterns.register(SimpleTagInlineProcessor(_STRUCK, "del"), "struck", 50)


class CodeSpanProcessor(InlineProcessor):
    """Code between backticks; an escaped character before is skipped."""

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int, int]:
        start, end = m.span()
        close = data.find(m[0], end) if m[0].startswith("`") else -1
        is_text = (
            m[0] == "`"
            and data[end : end + 1].isspace()
            and not data[max(0, start - 1) : start].strip()
        )
        if close < 0 or is_text:
            return None, start, end
        code = data[end:close]
        if len(m[0]) > 1:
            code = code.removeprefix(" ").removesuffix(" ")
        element = Element("code")
        element.text = AtomicString(code_escape(code))
        return element, start, close + len(m[0])


class MathProcessor(InlineProcessor):
    r"""A formula between ``$$``, written as MathJax reads it: ``\(…\)``."""

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element, int, int]:
        formula = Element(GROUP)
        formula.text = AtomicString(rf"\({code_escape(m[1].strip())}\)")
        return formula, m.start(), m.end()


class SpanExtensionProcessor(InlineProcessor):
    """``{::comment}``, ``{::nomarkdown}`` and ``{::options /}`` within text."""

    _END: Final = re.compile(EXTENSION_END)

    @override
    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[str | None, int | None, int | None]:
        if m[1] not in ("comment", "nomarkdown", "options"):
            return None, None, None
        if m[3]:
            return "", m.start(), m.end()
        for end in self._END.finditer(data, m.end()):
            if end[1] in ("", m[1]):
                body = data[m.end() : end.start()] if m[1] == "nomarkdown" else ""
                html = HtmlInlineProcessor(HTML_RE, self.md).unescape(body)
                return self.md.htmlStash.store(html), m.start(), end.end()
        return None, None, None


class TagProcessor(HtmlInlineProcessor):
    """Tags in text: those of block elements are shown, as kramdown does.

    An attribute list after a tag is left out.
    """

    @override
    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[Element | str | None, int | None, int | None]:
        name = _NAME.match(m[1])
        if name and name[1].lower() in BLOCK_ELEMENTS:
            return m[1].replace("<", f"{AMP_SUBSTITUTE}lt;"), m.start(), m.end()
        placeholder, start, end = super().handleMatch(m, data)
        stash = self.md.htmlStash.rawHtmlBlocks
        stash[-1] = escaped_as_by_kramdown(str(stash[-1]))
        return placeholder, start, end


class SpanTreeprocessor(InlineTreeprocessor):
    """Converts the spans of one block at a time: the time for a text is the sum of its blocks'."""

    def __init__(self, md: Markdown, parser: KramdownBlockParser, footnotes: Footnotes) -> None:
        super().__init__(md)
        self._parser: Final = parser
        self._footnotes: Final = footnotes
        code = Registry[Any]()
        code.register(CodeSpanProcessor(_CODE), "backtick", 190)
        self._code_choice: Final = PatternChoice(code)
        self._choice: Final = PatternChoice(md.inlinePatterns)

    @override
    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        self._convert(tree)
        self._footnotes.write(tree, self._convert)
        return tree

    def convert_code(self, tree: Element) -> None:
        """Convert the code spans of ``tree`` and of all footnotes, and nothing else."""
        self._footnotes.write_definitions(tree)
        self._convert(tree, self._code_choice)

    def _convert(self, tree: Element, choice: PatternChoice | None = None) -> None:
        for leaf in [element for element in tree.iter() if element.tag in _LEAVES]:
            if leaf.text and not isinstance(leaf.text, AtomicString):
                leaf.text = leaf.text.rstrip(" \n")
                for part in _parts(leaf):
                    self._convert_part(part, choice or self._choice)

    def _convert_part(self, part: Element, choice: PatternChoice) -> None:
        text = part.text or ""
        text = _SPACES.sub("  ", text) if "   " in text else text
        patterns: Any = choice.choose(text, has_references=bool(self.md.references))
        if not len(patterns):
            part.text = text
            return
        self.inlinePatterns = patterns
        part.text = without_unused_brackets(text)
        around = Element("div")
        around.append(part)
        super().run(around)
        for element in part.iter():
            if element.tag == "img" and not element.get("alt"):
                element.attrib.pop("alt", None)  # nobody wrote one: that is not decorative
            match = _TAIL_ATTRIBUTES.match(element.tail or "")
            if match and element is not part and element.tag in _SPAN_TAGS:
                attributes = Attributes(" ".join(_ATTRIBUTES.findall(match[0])))
                attributes.apply(element, self._parser.definitions)
                element.tail = (element.tail or "")[match.end() :]


def _parts(leaf: Element) -> list[Element]:
    """Return ``leaf``, or the parts it is split into if it is so long that it takes forever."""
    text = leaf.text or ""
    if len(text) <= _MAX_LENGTH:
        return [leaf]
    leaf.text = None
    parts = []
    for part in _PART.findall(text):
        parts.append(SubElement(leaf, GROUP))
        parts[-1].text = part
    return parts


class HeadingIdTreeprocessor(Treeprocessor):
    """Gives headings without an id one that is made from their text (kramdown-parser-gfm 1.1)."""

    _REMOVED: Final = re.compile(r"\x02[^\x03]*\x03|---?|[^\w\- ]")

    @override
    def run(self, root: Element) -> None:
        used: dict[str, int] = {}
        for heading in root.iter():
            if re.fullmatch(r"h[1-6]", heading.tag) and not heading.get("id"):
                text = "".join(heading.itertext()).lower()
                name = self._REMOVED.sub("", text).replace(" ", "-")
                used[name] = used.get(name, -1) + 1
                heading.set("id", f"{name}-{used[name]}" if used[name] else name)
