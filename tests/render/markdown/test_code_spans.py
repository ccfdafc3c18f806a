"""Where a Markdown text holds code."""

import pytest

from syndicate.render.markdown.code_spans import code_ranges


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `b` c", ["`b`"]),
        ("``a ` b`` `c", ["``a ` b``"]),
        ("\\`a` `b`", ["` `"]),
        ("\\\\`a`", ["`a`"]),
        ("a `b\n> c` d", []),
        ("a `b\nc` d", ["`b\nc`"]),
        ("```x\nb\n```\nc", ["```x\nb\n```"]),
        ("~~~\nnever closed", ["~~~\nnever closed"]),
        ("a\n\n    b\n\n    c\n\nd", ["    b\n\n    c"]),
        ("a\n    b", []),
        ("- a\n\n      b\n\n  `c`", ["      b", "`c`"]),
        ("> ```\n> a\n> ```", ["> ```\n> a\n> ```"]),
        ("# `a`\n\n| `b` |\n|-----|\n| `c` |", ["`a`", "`b`", "`c`"]),
        ("<div>\n`a`\n</div>", []),
        ("[^1]: `a`", ["`a`"]),
    ],
)
def test_code_is_what_commonmark_calls_so(text: str, code: list[str]) -> None:
    """Spans do not leave their block; fences, indentation and containers as CommonMark has them."""
    assert [text[start:end] for start, end in code_ranges(text)] == code
