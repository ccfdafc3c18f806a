"""Ends and branches of template blocks."""

from syndicate.render.templates.template_blocks import branches, matching_ends
from syndicate.render.templates.template_tags import find_tags


def test_end_closes_the_innermost_block_of_its_name() -> None:
    """Blocks without an end are left alone, as are ends without a block."""
    text = "{% if a %}{% for b %}{% if c %}{% endif %}{% endif %}{% endfor %}{% if d %}{{ e }}"
    assert matching_ends(tuple(find_tags(text, ()))) == {2: 3, 0: 4}


def test_set_with_a_value_is_no_block() -> None:
    """Nunjucks has both."""
    text = "{% set a = 1 %}{% set b %}x{% endset %}"
    assert matching_ends(tuple(find_tags(text, ()))) == {1: 2}


def test_branches_have_conditions_and_tags() -> None:
    """Inner blocks belong to the branch around them."""
    text = (
        "{% unless a %}{% if b %}{% else %}{% endif %}{% elsif c %}{{ d }}{% else %}{% endunless %}"
    )
    tags = tuple(find_tags(text, ()))
    ends = matching_ends(tags)
    found = [
        (branch.condition, branch.first, branch.last, branch.is_negated)
        for branch in branches(tags, ends, 0, ends[0])
    ]
    assert found == [("a", 1, 4, True), ("c", 5, 6, False), ("", 7, 7, False)]
