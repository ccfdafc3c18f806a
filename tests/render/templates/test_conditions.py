"""Conditions on plain values are decided; others are unknown."""

import pytest

from syndicate.render.templates.template_blocks import decide
from syndicate.render.templates.template_context import TemplateContext
from tests.cpu_time import takes_at_most

CONTEXT = TemplateContext(
    site_url="https://a.gov",
    page_url="https://a.gov/p/",
    values={"page.kind": "form", "page.none": None, "site.flag": "false", "page.size": "12"},
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("true", True),
        ("false", False),
        ("nil", False),
        ("page.kind", True),
        ("page.none", False),
        ("site.flag", False),
        ("not page.none", True),
        ("'text'", True),
        ("page.kind == 'form'", True),
        ('page.kind != "form"', False),
        ("page.kind <> 'x'", True),
        ("page.none == nil", True),
        ("page.kind contains 'or'", True),
        ("page.none contains 'or'", False),
        ("page.size > 11", True),
        ("page.size <= 12", True),
        ("page.size < 12.5", True),
        ("page.size >= 13", False),
        ("page.kind and page.none", False),
        ("page.none or page.kind", True),
        ("page.none and page.kind or page.kind", False),
        ("jekyll.environment == 'production'", True),
        ("5", True),
    ],
)
def test_condition_on_plain_values_is_decided(condition: str, *, holds: bool) -> None:
    """As in Liquid, which joins from the right."""
    assert decide(condition, CONTEXT) is holds


@pytest.mark.parametrize(
    "condition",
    [
        *("", "include.x", "page.kind | size", "page.kind > 3", "a b c d", "(true)", "== 3"),
        *("page.kind and include.x", "page.kind is 'x'", "and", " ".join(["a"] * 60)),
    ],
)
def test_other_condition_is_unknown(condition: str) -> None:
    """Unknown values, filters, brackets, and what is no condition."""
    assert decide(condition, CONTEXT) is None


@pytest.mark.slow
@pytest.mark.unmeasured
def test_many_spaces_take_linear_time() -> None:
    """Also at the end, where no word follows."""
    assert takes_at_most(5, lambda: decide("true" + " " * 20_000, CONTEXT))
    assert decide("true" + " " * 20_000, CONTEXT) is True
