"""Spans that kramdown reads in another way than Python-Markdown, and limits for all of them.

Source: kramdown 2.4, "Span-level Elements", and kramdown-parser-gfm 1.1.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.inlinepatterns import (
    HTML_RE,
    DelimiterProcessor,
    HtmlInlineProcessor,
    InlineProcessor,
    SimpleTextInlineProcessor,
    SubstituteTagInlineProcessor,
)
from markdown.treeprocessors import InlineProcessor as InlineTreeprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AMP_SUBSTITUTE, AtomicString, code_escape
from typing_extensions import override

from syndicate.render.markdown.kramdown.attributes import (
    ATTRIBUTE_LIST,
    EXTENSION,
    apply_attributes,
    extension_end,
)
from syndicate.render.markdown.kramdown.block_parser import GROUP, KramdownBlockParser
from syndicate.render.markdown.kramdown.definitions import Footnotes
from syndicate.render.markdown.kramdown.html_blocks import BLOCK_ELEMENTS, escaped_as_by_kramdown

_STAND_INS: Final = str.maketrans("[]()", "\ufdd4\ufdd5\ufdd6\ufdd7")
_RESTORED: Final = str.maketrans("\ufdd4\ufdd5\ufdd6\ufdd7", "[]()")
_STAND_IN: Final = re.compile("[\ufdd4-\ufdd7]")
_INNERMOST: Final = r"\[[^\[\]]*+\]"
_NESTED: Final = r"\[(?:[^\[\]\\]|\\.|%s)*+\]"
_URL: Final = r"\((?:[^()\\]|\\.|\([^()]*+\))*+\)"
_LINK: Final = re.compile(rf"\\.|{_NESTED % (_NESTED % _INNERMOST)}(?:{_URL})?", re.DOTALL)
_MAX_STEPS: Final = 1_000_000
_MAX_PAIRED_AGAIN: Final = 200_000
"""Characters of a document in which delimiters of emphasis may be paired more than once."""


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


_SIGNS: Final[Mapping[str, str]] = {
    "": "guillemets nl typography",
    "  \n": "linebreak",
    "![": "image_link image_reference short_image_ref",
    "$$": "math",
    "&": "entity",
    "*": "em_strong",
    "::": "extension",
    "<": "autolink automail html",
    "[^": "footnote",
    "\\": "broken_line escape",
    "]": "reference short_reference",
    "](": "link",
    "_": "em_strong",
    "`": "backtick",
    "{:": "attributes",
    "~~": "struck",
}
"""What must be in a text for patterns with these names. No pattern adds a sign to a text."""

_WITHOUT_DELIMITERS: Final = str.maketrans("", "", "*_")
_MATH: Final = r"\$\$(.*?)\$\$"
_CODE: Final = r"\\.|`+"
_TAG: Final = rf"{HTML_RE}(?:{ATTRIBUTE_LIST})?"
_NAME: Final = re.compile(r"</?([A-Za-z][\w-]*)")
_TAIL_ATTRIBUTES: Final = re.compile(rf"(?:{ATTRIBUTE_LIST})+")
_ATTRIBUTES: Final = re.compile(ATTRIBUTE_LIST)
_LEAVES: Final = frozenset({GROUP, "p", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "td", "th"})
_SPAN_TAGS: Final = frozenset({"a", "abbr", "br", "code", "del", "em", "img", "strong", "sup"})


def add_spans(markdown: Markdown, footnotes: Footnotes) -> None:
    """Register the patterns below, and the characters that a backslash escapes."""
    markdown.ESCAPED_CHARS = list("\\.*_+`<>()[]{}#!:|\"'$=-~")
    patterns = markdown.inlinePatterns
    patterns.register(CodeSpanProcessor(_CODE), "backtick", 190)
    patterns.register(footnotes, "footnote", 175)
    patterns.register(MathProcessor(_MATH), "math", 187)
    patterns.register(SpanExtensionProcessor(rf"(?<!\\){EXTENSION}", markdown), "extension", 186)
    patterns.register(SubstituteTagInlineProcessor(r"\\{1,2}\n", "br"), "broken_line", 185)
    patterns.register(TagProcessor(_TAG, markdown), "html", 90)
    patterns.register(SimpleTextInlineProcessor(r"(\{:(?![:/])[^{}]+\})"), "attributes", 85)
    emphasis = EmphasisProcessor("*", "strong,em", markdown)
    emphasis.add("_", "strong,em", smart=True)
    patterns.register(emphasis, "em_strong", 60)
    patterns.register(StruckProcessor(r"~~(?=[^\s~])"), "struck", 50)


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


class PairProcessor(InlineProcessor):
    """Something with an end, which is not looked for again in a text that has none."""

    def __init__(self, pattern: str, md: Markdown | None = None) -> None:
        super().__init__(pattern, md)
        self._without_end: Final[dict[str, str]] = {}

    def find_end(self, m: re.Match[str], data: str, end: str) -> re.Match[str] | None:
        """Return the match of ``end`` after ``m``.

        What was replaced earlier in a text does not count: only the rest is compared.
        """
        rest = data[m.end() :]
        if end in self._without_end and self._without_end[end].endswith(rest):
            return None
        found = re.compile(end).search(data, m.end())
        if found is None:
            self._without_end[end] = rest
        return found


class SpanExtensionProcessor(PairProcessor):
    """``{::comment}``, ``{::nomarkdown}`` and ``{::options /}`` within text."""

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[str | None, int | None, int | None]:
        if m[3]:
            return "", m.start(), m.end()
        end = self.find_end(m, data, extension_end(m[1]))
        if end is None:
            return None, None, None
        body = data[m.end() : end.start()] if m[1] == "nomarkdown" else ""
        html = HtmlInlineProcessor(HTML_RE, self.md).unescape(body)
        return self.md.htmlStash.store(html), m.start(), end.end()


class StruckProcessor(PairProcessor):
    """Text between two tildes, which kramdown-parser-gfm strikes out.

    The package's own processor of delimiters loses text where a single tilde is near.
    """

    @override
    def handleMatch(  # type: ignore[override]  # as the package's own inline processors do
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        end = self.find_end(m, data, r"(?<=[^\s~])~~")
        if end is None:
            return None, None, None
        element = Element("del")
        element.text = data[m.end() : end.start()]
        return element, m.start(), end.end()


class EmphasisProcessor(DelimiterProcessor):
    """The package's emphasis, unless it takes text away, as its version 3.11.3 may do.

    After such emphasis, the delimiters of the rest are paired again. Where that happens too often,
    those in the rest of the text are text.
    """

    _text: str = ""
    _paired_again: int = 0

    def begin(self) -> None:
        """Begin a document; `reset`, which the package calls, begins a text of it."""
        self._text = ""
        self._paired_again = 0

    @override
    def handleMatch(  # type: ignore[override]
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        if data is self._text:
            return None, m.start(), m.end()
        element, start, end = super().handleMatch(m, data)
        if element is not None:
            words = "".join(element.itertext()).translate(_WITHOUT_DELIMITERS)
            if words != data[start:end].translate(_WITHOUT_DELIMITERS):
                self.reset()
                self._paired_again += len(data) - m.start()
                self._text = data if self._paired_again > _MAX_PAIRED_AGAIN else ""
                return None, m.start(), m.end()
        return element, start, end


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
    """Converts the spans of one block at a time: the time for a text is the sum of its blocks'.

    Of each, only the patterns that may find something are tried. Required by the limit of CPU
    time for 10,000 posts: bodies of 18F take 1.0 ms with that choice and 1.6 ms without.
    """

    def __init__(self, md: Markdown, parser: KramdownBlockParser, footnotes: Footnotes) -> None:
        super().__init__(md)
        self._parser: Final = parser
        self._footnotes: Final = footnotes
        self._chosen: Final[dict[tuple[bool, ...], Sequence[Any]]] = {}

    @override
    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        self._convert(tree)
        self._footnotes.write(tree, self._convert)
        return tree

    def convert_code(self, tree: Element) -> None:
        """Convert the code spans of ``tree`` and of all footnotes, and nothing else."""
        for text in self._parser.footnotes.values():
            self._parser.parseChunk(tree, text)
        for leaf in self._leaves(tree):
            self._convert_leaf(leaf, [self.md.inlinePatterns["backtick"]])

    def _convert(self, tree: Element) -> None:
        for leaf in self._leaves(tree):
            self._convert_leaf(leaf, self._patterns(leaf.text or ""))
            for element in leaf.iter():
                if element is not leaf:
                    self._finish(element)

    def _leaves(self, tree: Element) -> list[Element]:
        """Return the elements in ``tree`` that have text to convert."""
        return [
            element
            for element in tree.iter()
            if element.tag in _LEAVES
            and element.text
            and not isinstance(element.text, AtomicString)
        ]

    def _convert_leaf(self, leaf: Element, patterns: Any) -> None:  # noqa: ANN401 — the package types a registry where a list will do
        leaf.text = (leaf.text or "").rstrip(" \n")
        if patterns:
            self.inlinePatterns = patterns
            leaf.text = without_unused_brackets(leaf.text)
            around = Element("div")
            around.append(leaf)
            super().run(around)

    def _patterns(self, text: str) -> Sequence[Any]:
        """Return the patterns that may find something in ``text``, in their order."""
        patterns, has_references = self.md.inlinePatterns, bool(self.md.references)
        key = has_references, *[sign in text for sign in _SIGNS]
        if key not in self._chosen:
            names = {
                name
                for is_there, of_sign in zip(key[1:], _SIGNS.values(), strict=True)
                for name in (of_sign.split() if is_there else ())
                if name in patterns and (has_references or "ref" not in name)
            }
            ordered = sorted(names, key=patterns.get_index_for_name)
            self._chosen[key] = [patterns[name] for name in ordered]
        return self._chosen[key]

    def _finish(self, element: Element) -> None:
        if element.tag == "img" and not element.get("alt"):
            element.attrib.pop("alt", None)  # nobody wrote one: that is not decorative
        tail = element.tail or ""
        match = _TAIL_ATTRIBUTES.match(tail)
        if match and element.tag in _SPAN_TAGS:
            text = " ".join(_ATTRIBUTES.findall(match[0]))
            apply_attributes(text, element, self._parser.attributes)
            element.tail = tail[match.end() :]


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
