"""Texts whose size is harmless and that make some Markdown parsers take for ever, or fail."""

import os
from collections.abc import Callable, Mapping
from typing import Final

_IS_SOAK: Final = os.environ.get("SYNDICATE_SOAK") == "1"
SIZE: Final = 10_000 if _IS_SOAK else 1_000
"""How often the part of a text that is repeated occurs."""
LIMIT: Final = 30 if _IS_SOAK else 12
"""How many times as long as 100 kB of ordinary text a text may take (`tests.cpu_time`)."""


def _repeated(part: str, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: before + part * size + after


def _nested(opening: str, closing: str, inside: str = "a") -> Callable[[int], str]:
    return lambda size: opening * size + inside + closing * size


def _numbered(line: str, *, after: str = "") -> Callable[[int], str]:
    return lambda size: "".join(line.format(number) for number in range(size)) + after


def _indented(line: str, step: int) -> Callable[[int], str]:
    return lambda size: "".join(" " * (step * level) + line for level in range(min(size, 300)))


KINDS: Final[Mapping[str, Callable[[int], str]]] = {
    "brackets": _nested("[", "]"),
    "open brackets": _repeated("["),
    "open brackets with text": _repeated("[a"),
    "close brackets": _repeated("]"),
    "open links": _repeated("[a]("),
    "open links with pointed brackets": _repeated("[a](<b"),
    "open links with titles": _repeated('[a](b "'),
    "nested links": _nested("[", "](b)"),
    "links in links": _nested("[a](", ")"),
    "links side by side": _repeated("[a](b) "),
    "open images": _repeated("!["),
    "nested images": _nested("![", "](b)"),
    "images with parentheses": _repeated("![a]("),
    "open parentheses in a link": _repeated("(", before="[a]("),
    "parentheses in a link": _nested("(", ")", "a"),
    "parentheses after a bracket": _nested("](", ")"),
    "backslashes before brackets": _repeated("\\["),
    "backslashes": _repeated("\\"),
    "references without definition": _repeated("[a][b]"),
    "collapsed references": _repeated("[a][]", before="[a]: b\n\n"),
    "shortcut references": _repeated("[a] ", before="[a]: b\n\n"),
    "definitions": _numbered("[{0}]: /{0}\n", after="\n[1] [2]"),
    "definitions of one name": _repeated("[a]: b\n"),
    "definitions with open titles": _repeated('[a]: b "\n'),
    "definitions without end": _repeated("[a\n"),
    "definitions of a long name": _repeated("a", before="[", after="]: b\n"),
    "escaped definitions": _repeated("[\\[]: b\n"),
    "abbreviations": _numbered("*[A{0}]: b\n", after="\nA1 A2"),
    "emphasis": _nested("*", "*"),
    "emphasis with spaces": _repeated("*a **a "),
    "open emphasis": _repeated("*a "),
    "strong emphasis": _nested("**", "**"),
    "mixed emphasis": _repeated("*a _b "),
    "emphasis that closes another": _repeated("*a_ "),
    "emphasis in words": _repeated("a_b"),
    "emphasis of three": _repeated("***a** b*"),
    "asterisks and underscores": _repeated("*_"),
    "underscores": _repeated("__a "),
    "tildes": _repeated("~~a "),
    "nested tildes": _nested("~~", "~~"),
    "quotation marks": _repeated('"a '),
    "apostrophes": _repeated("'a "),
    "quotation marks and apostrophes": _repeated("\"a 'b' "),
    "backticks of growing length": lambda size: "".join(
        f"a{'`' * length}" for length in range(min(size, 400))
    ),
    "backticks": _repeated("`a ``b "),
    "open backticks": _repeated("`"),
    "open tags": _repeated("<a "),
    "open tags with values": _repeated('<a b="'),
    "open tags that end once": _repeated("<a b=c ", after=">"),
    "attributes": _repeated("a=b ", before="<a "),
    "pointed brackets": _repeated("<"),
    "elements": _nested("<b>", "</b>"),
    "block elements": _nested("<div>\n", "</div>\n", "a\n"),
    "block elements with Markdown": _nested('<div markdown="1">\n', "</div>\n", "a\n"),
    "open comments": _repeated("<!-- a "),
    "open declarations": _repeated("<!A "),
    "open instructions": _repeated("<? a "),
    "open data sections": _repeated("<![CDATA["),
    "autolinks": _repeated("<http://a"),
    "bare URLs": _repeated("http://a.b "),
    "bare URLs without end": _repeated("http://a."),
    "bare URL with parentheses": _repeated("(", before="http://a.b/", after=")" * SIZE),
    "colons": _repeated("a:"),
    "hosts without end": _repeated("www."),
    "email addresses": _repeated("a@b.c "),
    "email addresses without end": _repeated("a@"),
    "local part without end": _repeated("a.b-c+d_"),
    "entities": _repeated("&a;"),
    "open entities": _repeated("&"),
    "quotes": _repeated("> ", after="a"),
    "quotes in lines": _repeated("> " * 40 + "a\n"),
    "quotes of growing depth": lambda size: "".join(
        ">" * depth + " a\n" for depth in range(min(size, 300))
    ),
    "lists": _repeated("- ", after="a"),
    "numbered lists": _repeated("1. ", after="a"),
    "lists of growing depth": _indented("- a\n", 2),
    "numbered lists of growing depth": _indented("1. a\n", 3),
    "lists in quotes": _repeated("> - ", after="a"),
    "empty items": _repeated("-\n"),
    "items": _repeated("- a\n"),
    "items with lazy lines": _repeated("- a\nb\n"),
    "lists of other markers": _repeated("- a\n* b\n"),
    "headings": _repeated("# a\n"),
    "heading signs": _repeated("# "),
    "underlined headings": _repeated("a\n-\n"),
    "underlines": _repeated("a\n", after="---\n"),
    "almost a rule": _repeated("* ", after="a"),
    "fences": _repeated("```\n"),
    "open fences": _repeated("~~~ a\n"),
    "fence signs": _repeated("`~"),
    "indented code": _repeated("    a\n\n"),
    "tabs": _repeated("\t"),
    "tabs in lists": _repeated("-\t"),
    "spaces": _repeated(" ", before="a", after="b"),
    "spaces before line feeds": _repeated("a  \n"),
    "line feeds": _repeated("\n", before="a", after="b"),
    "lines": _repeated("a\n"),
    "table": _repeated("| a | b |\n", before="| a | b |\n|---|---|\n"),
    "wide table": lambda size: "|".join("a" * (size // 10)) + "\n" + "|".join("-" * (size // 10)),
    "table with few cells": lambda size: (
        "|".join("a" * 250) + "\n" + "|".join(["-"] * 250) + "\na" * (size // 40)
    ),
    "table signs": _repeated("|"),
    "almost tables": _repeated("a|b\n-|\n"),
    "footnotes": _numbered("a[^{0}]\n\n[^{0}]: b\n\n"),
    "footnotes of one name": _repeated("[^a]", after="\n\n[^a]: b"),
    "footnotes in footnotes": _numbered("[^{0}]: a[^1{0}]\n\n", after="a[^0]"),
    "open footnotes": _repeated("[^a", after="\n\n[^a]: b"),
    "footnote definitions in a line": _repeated("[^a]: "),
    "footnotes in the text": _nested("^[", "]"),
    "open footnotes in the text": _repeated("^["),
    "definition lists": _repeated("a\n: b\n\n"),
    "definitions in definitions": _repeated(": ", before="a\n", after="b"),
    "terms": _repeated("a\n\n: b\n"),
    "attribute lists": _repeated("`a`{.b}"),
    "open attribute lists": _repeated("`a`{"),
    "attribute lists of kramdown": _repeated("*a*{:.b}"),
    "open attribute lists of kramdown": _repeated("{: a"),
    "attribute list lines": _repeated("{: .a}\n"),
    "braces": _nested("{", "}"),
    "comments of kramdown": _repeated("{::comment}\n"),
    "extensions of kramdown": _nested("{::nomarkdown}", "{:/}"),
    "formulas": _repeated("$$a"),
    "dots and hyphens": _repeated("...--- "),
    "long word": _repeated("a"),
    "characters of other scripts": _repeated("\u3042"),
}
"""By name, what makes a text of about a given size."""
