"""Wishes: read from JSON, with every mistake at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import Invalid, Mistake
from syndicate.model.edition import Edition
from syndicate.model.selection import Selection
from syndicate.model.statement import Standing, of_selection
from syndicate.model.subscription import EVENT_TYPES, Subscription, SubscriptionId
from syndicate.model.wish import NAMES, Wish, read_wish
from tests import samples

EDITION = samples.edition(
    *samples.posts(1),
    samples.post("news/2024-02-02-x.md", categories=(samples.TTS, samples.TECHNOLOGY)),
    samples.post("updates/2024-02-02-y.md", source="updates"),
)
BLANK = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(EVENT_TYPES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=3)
            | st.sampled_from(
                (*NAMES["creation"], "state", "id", "categories", "match", "carousel")
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
selections = st.builds(
    Selection.of,
    categories=st.lists(st.sampled_from(["tts", "technology"]), unique=True),
    match_all=st.booleans(),
    carousel=st.none() | st.booleans(),
    sources=st.lists(st.sampled_from(["news", "updates"]), unique=True),
    languages=st.lists(st.sampled_from(["es", "en-US"]), unique=True),
)


def edition() -> Edition:
    """Return an edition that knows two categories and two sources."""
    return EDITION


@given(document=documents, use=st.sampled_from(["creation", "change"]))
def test_whatever_is_sent_is_a_wish_or_a_list_of_mistakes(document: object, use: str) -> None:
    """Each with a pointer, a code and what is wrong; nothing else is ever raised."""
    mistakes: tuple[Mistake, ...] = ()
    url: str | None = None
    try:
        url = read_wish(document, "creation" if use == "creation" else "change", edition).url
    except Invalid as error:
        mistakes = error.mistakes
    assert mistakes or url or use == "change"
    assert all(one.pointer.startswith("#") and one.pointer.isascii() for one in mistakes)
    assert all(one.what and one.code for one in mistakes)


@given(selection=selections, minor=st.booleans(), types=st.sets(st.sampled_from(EVENT_TYPES)))
def test_what_is_said_of_a_subscription_can_be_wished(
    selection: Selection,
    minor: bool,
    types: set[str],
) -> None:
    """A statement, sent back, is the same subscription."""
    wanted = tuple(kind for kind in EVENT_TYPES if kind in types) or EVENT_TYPES
    made = Wish(selection=selection, minor=minor, types=wanted, payload="thin").applied(BLANK)
    said = Standing(subscription=made).statement
    document = {name: said[name] for name in NAMES["creation"]} | {"types": list(made.types)}
    assert read_wish(document, "creation", edition).applied(BLANK) == made


def test_a_selection_is_said_as_it_was_asked() -> None:
    """Any of some categories, or all of them."""
    anything = Selection.of(categories=["tts", "technology"])
    everything = Selection.of(categories=["tts", "technology"], match_all=True)
    one = Selection.of(categories=["tts"], match_all=True)
    assert of_selection(anything)["match"] == "any"
    assert of_selection(everything)["match"] == "all"
    assert of_selection(one) == of_selection(Selection.of(categories=["tts"]))
    assert of_selection(everything)["categories"] == ["technology", "tts"]


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (None, ["#"]),
        ({"types": "post.removed"}, ["#/types"]),
        ({"types": []}, ["#/types"]),
        ({"selection": {"categories": "tts", "sources": ["fish", "news"]}}, None),
        ({"selection": []}, ["#/selection"]),
        ({"url": " \n"}, ["#/url"]),
        ({"url": " https://partner.example/hook"}, ["#/url"]),
        ({"url": "https://partner.example/hook\u00a0"}, ["#/url"]),
        ({"~/ü": 1}, ["#/~0~1%C3%BC"]),
        ({"\ud800": 1}, ["#/%3F"]),
    ],
)
def test_every_mistake_points_to_its_field(document: object, pointers: list[str] | None) -> None:
    """By a fragment that is a JSON pointer (RFC 6901)."""
    expected = pointers or ["#/selection/categories", "#/selection/sources/0"]
    with pytest.raises(Invalid) as caught:
        read_wish(document, "change", edition)
    assert [one.pointer for one in caught.value.mistakes] == expected


def test_what_is_not_wished_stays() -> None:
    """A state is what the owner decides about; an empty wish changes nothing."""
    assert Wish().applied(BLANK) == BLANK
    assert Wish(state="paused").applied(BLANK).state == "paused"
    assert Wish(backfill=True, url="https://x.example").applied(BLANK).backfill


def test_no_more_than_twenty_mistakes_are_looked_for_in_a_list() -> None:
    """Each of thousands of unknown names would be compared with all known ones."""
    document = {"selection": {"categories": [f"unknown {n}" for n in range(3_000)]}}
    with pytest.raises(Invalid) as caught:
        read_wish(document, "change", edition)
    assert len(caught.value.mistakes) == 20
