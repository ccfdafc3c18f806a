"""Which inline patterns are tried on a text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from markdown.extensions.nl2br import Nl2BrExtension
from markdown.inlinepatterns import InlineProcessor, Pattern

from syndicate.render.markdown.inline_patterns import PatternSelector, add_patterns


def known() -> tuple[Markdown, PatternSelector[Pattern]]:
    """Return Python-Markdown with all patterns, and the choice among them."""
    markdown = Markdown(extensions=[Nl2BrExtension()])
    add_patterns(markdown)
    return markdown, PatternSelector(markdown.inlinePatterns)


SIGNS = st.sampled_from([*"abc \n`*_~[]()!<>&\\;:/^", "  \n", "http://", "](", "![", "\\\n"])
BRACKETS = {r"(?<!\!)\[", r"\!\["}
"""What links and references begin with, and much else."""


@given(st.lists(SIGNS, max_size=12).map("".join))
def test_patterns_that_are_not_tried_would_find_nothing(text: str) -> None:
    """All others are tried, in their order."""
    markdown, choice = known()
    tried = list(choice.of(text, has_references=True))
    assert tried == [pattern for pattern in markdown.inlinePatterns if pattern in tried]
    for pattern in markdown.inlinePatterns:
        expression = pattern.getCompiledRegExp()
        if pattern not in tried and expression.pattern not in BRACKETS:
            assert not expression.search(text)


@pytest.mark.parametrize(
    ("text", "has_references", "tried"),
    [
        ("plain. words", True, []),
        ("a [b] c", False, []),
        ("a [b] c", True, ["Reference", "ImageReference", "ShortReference", "ShortImageReference"]),
        ("a [b](c) d", False, ["Link"]),
    ],
)
def test_brackets_are_tried_where_they_may_mean_something(
    text: str, has_references: bool, tried: list[str]
) -> None:
    """A link has an address behind it, and a reference needs to be defined."""
    _, choice = known()
    chosen = choice.of(text, has_references=has_references)
    names = [type(pattern).__name__.removesuffix("InlineProcessor") for pattern in chosen]
    assert names == tried
    assert choice.of(text, has_references=has_references) is chosen


def test_a_pattern_that_nobody_knows_is_always_tried() -> None:
    """Another version of the package may have one more."""
    markdown, choice = known()
    added = InlineProcessor("a", markdown)
    markdown.inlinePatterns.register(added, "added", 10)
    assert list(choice.of("*", has_references=False))[-1] is added
    assert re.search(added.pattern, "a")
