"""Wishes: read from JSON, with every mistake at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FieldError, ValidationFailed
from syndicate.model.edition import Edition
from syndicate.model.selection import Selection
from syndicate.model.subscription import EVENT_TYPES, Subscription, SubscriptionId
from syndicate.model.subscription_input import ALLOWED_FIELDS, SubscriptionPatch, parse_subscription
from syndicate.model.subscription_status import SubscriptionStatus, selection_json
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
                (*ALLOWED_FIELDS["creation"], "state", "id", "categories", "match", "carousel")
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
selections = st.builds(
    Selection.create,
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
    mistakes: tuple[FieldError, ...] = ()
    url: str | None = None
    try:
        url = parse_subscription(
            document, "creation" if use == "creation" else "change", edition
        ).url
    except ValidationFailed as error:
        mistakes = error.errors
    assert mistakes or url or use == "change"
    assert all(one.pointer.startswith("#") and one.pointer.isascii() for one in mistakes)
    assert all(one.message and one.code for one in mistakes)


@given(selection=selections, minor=st.booleans(), types=st.sets(st.sampled_from(EVENT_TYPES)))
def test_what_is_said_of_a_subscription_can_be_wished(
    selection: Selection,
    minor: bool,
    types: set[str],
) -> None:
    """A statement, sent back, is the same subscription."""
    wanted = tuple(kind for kind in EVENT_TYPES if kind in types) or EVENT_TYPES
    made = SubscriptionPatch(
        selection=selection, minor=minor, types=wanted, payload="thin"
    ).apply_to(BLANK)
    said = SubscriptionStatus(subscription=made).to_json
    document = {name: said[name] for name in ALLOWED_FIELDS["creation"]} | {
        "types": list(made.types)
    }
    assert parse_subscription(document, "creation", edition).apply_to(BLANK) == made


def test_a_selection_is_said_as_it_was_asked() -> None:
    """Any of some categories, or all of them."""
    anything = Selection.create(categories=["tts", "technology"])
    everything = Selection.create(categories=["tts", "technology"], match_all=True)
    one = Selection.create(categories=["tts"], match_all=True)
    assert selection_json(anything)["match"] == "any"
    assert selection_json(everything)["match"] == "all"
    assert selection_json(one) == selection_json(Selection.create(categories=["tts"]))
    assert selection_json(everything)["categories"] == ["technology", "tts"]


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
    with pytest.raises(ValidationFailed) as caught:
        parse_subscription(document, "change", edition)
    assert [one.pointer for one in caught.value.errors] == expected


def test_what_is_not_wished_stays() -> None:
    """A state is what the owner decides about; an empty wish changes nothing."""
    assert SubscriptionPatch().apply_to(BLANK) == BLANK
    assert SubscriptionPatch(state="paused").apply_to(BLANK).state == "paused"
    assert SubscriptionPatch(backfill=True, url="https://x.example").apply_to(BLANK).backfill


def test_no_more_than_twenty_mistakes_are_looked_for_in_a_list() -> None:
    """Each of thousands of unknown names would be compared with all known ones."""
    document = {"selection": {"categories": [f"unknown {n}" for n in range(3_000)]}}
    with pytest.raises(ValidationFailed) as caught:
        parse_subscription(document, "change", edition)
    assert len(caught.value.errors) == 20
