"""JSON bodies of /v1/subscriptions: every error at once, with pointer and code."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FieldError, ValidationFailed
from syndicate.model.delivery import SubscriptionStatus
from syndicate.model.edition import Edition
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EVENT_TYPES,
    Subscription,
    SubscriptionId,
    SubscriptionPatch,
)
from syndicate.web.serializers import selection_json, subscription_json
from syndicate.web.subscription_input import (
    NewSubscription,
    SubscriptionBody,
    SubscriptionChange,
    parse_subscription,
)
from tests import samples

EDITION = samples.edition(
    *samples.posts(1),
    samples.post("news/2024-02-02-x.md", categories=(samples.TTS, samples.TECHNOLOGY)),
    samples.post("updates/2024-02-02-y.md", source="updates"),
)
BLANK = Subscription(id=SubscriptionId("sub_1"), url="https://partner.example/hook")
URL = "https://partner.example/hook"

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(EVENT_TYPES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=3)
            | st.sampled_from(
                (*NewSubscription.model_fields, "state", "id", "categories", "match", "carousel")
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
    """Return an edition with two categories and two sources."""
    return EDITION


def errors_in(
    document: object, body: type[SubscriptionBody] = SubscriptionChange
) -> list[FieldError]:
    """Return the errors in a document that is not valid."""
    with pytest.raises(ValidationFailed) as caught:
        parse_subscription(document, body, edition)
    return list(caught.value.errors)


@pytest.mark.slow
@given(document=documents, body=st.sampled_from([NewSubscription, SubscriptionChange]))
def test_any_json_either_parses_or_reports_errors(
    document: object, body: type[SubscriptionBody]
) -> None:
    """Each error has a pointer, a code and a message; nothing else is ever raised."""
    errors: tuple[FieldError, ...] = ()
    url: str | None = None
    try:
        url = parse_subscription(document, body, edition).url
    except ValidationFailed as error:
        errors = error.errors
    assert errors or url or body is SubscriptionChange
    assert all(error.pointer.startswith("#") and error.pointer.isascii() for error in errors)
    assert all(error.message and error.code for error in errors)


@given(selection=selections, minor=st.booleans(), types=st.sets(st.sampled_from(EVENT_TYPES)))
def test_subscription_json_can_be_sent_back(
    selection: Selection,
    minor: bool,
    types: set[str],
) -> None:
    """The result is the same subscription."""
    wanted = tuple(kind for kind in EVENT_TYPES if kind in types) or EVENT_TYPES
    patch = SubscriptionPatch(selection=selection, minor=minor, types=wanted, payload="thin")
    subscription = patch.apply_to(BLANK)
    values = subscription_json(SubscriptionStatus(subscription=subscription))
    document = {name: values[name] for name in NewSubscription.model_fields if name != "headers"}
    document["types"] = list(subscription.types)
    assert parse_subscription(document, NewSubscription, edition).apply_to(BLANK) == subscription


def test_selection_json_has_the_arguments_of_a_selection() -> None:
    """Any of some categories, or all of them."""
    any_of = Selection.create(categories=["tts", "technology"])
    all_of = Selection.create(categories=["tts", "technology"], match_all=True)
    one = Selection.create(categories=["tts"], match_all=True)
    assert selection_json(any_of)["match"] == "any"
    assert selection_json(all_of)["match"] == "all"
    assert selection_json(one) == selection_json(Selection.create(categories=["tts"]))
    assert selection_json(all_of)["categories"] == ["technology", "tts"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, {"#": "wrong-type"}),
        ([], {"#": "wrong-type"}),
        ({"types": "post.removed"}, {"#/types": "wrong-type"}),
        ({"types": []}, {"#/types": "wrong-type"}),
        ({"types": ["post.removed", "x"]}, {"#/types": "unknown-type"}),
        (
            {"selection": {"categories": "tts", "sources": ["fish", "news"]}},
            {"#/selection/categories": "wrong-type", "#/selection/sources/0": "unknown-source"},
        ),
        ({"selection": []}, {"#/selection": "wrong-type"}),
        ({"selection": None}, {"#/selection": "wrong-type"}),
        ({"selection": {"languages": ["x y"]}}, {"#/selection/languages/0": "malformed-parameter"}),
        ({"selection": {"categories": [1]}}, {"#/selection/categories/0": "wrong-type"}),
        ({"selection": {"match": "some"}}, {"#/selection/match": "unknown-value"}),
        ({"selection": {"carousel": "yes"}}, {"#/selection/carousel": "wrong-type"}),
        ({"selection": {"tags": []}}, {"#/selection/tags": "unknown-field"}),
        ({"url": " \n"}, {"#/url": "wrong-type"}),
        ({"url": f" {URL}"}, {"#/url": "malformed-url"}),
        ({"url": f"{URL}\u00a0"}, {"#/url": "malformed-url"}),
        ({"minor": 1}, {"#/minor": "wrong-type"}),
        ({"minor": None}, {"#/minor": "wrong-type"}),
        ({"payload": []}, {"#/payload": "unknown-value"}),
        ({"headers": ["X-A"]}, {"#/headers": "wrong-type"}),
        ({"headers": {"Host": "a"}}, {"#/headers": "reserved-header"}),
        ({"state": "disabled"}, {"#/state": "unknown-value"}),
        ({"backfill": True}, {"#/backfill": "fixed-field"}),
        ({"id": "sub_1"}, {"#/id": "fixed-field"}),
        ({"~/ü": 1}, {"#/~0~1%C3%BC": "unknown-field"}),
    ],
)
def test_every_error_has_a_pointer_and_a_code(document: object, expected: dict[str, str]) -> None:
    """The pointer is a fragment with a JSON pointer (RFC 6901)."""
    assert {error.pointer: error.code for error in errors_in(document)} == expected


def test_url_is_required_in_a_new_subscription() -> None:
    """It is reported with all other errors."""
    errors = errors_in({"minor": 1}, NewSubscription)
    assert [(error.pointer, error.code) for error in errors] == [
        ("#/url", "missing-field"),
        ("#/minor", "wrong-type"),
    ]


def test_errors_list_valid_values() -> None:
    """Of flags, choices and event types, and the fields of an object."""
    document = {"minor": 1, "payload": "x", "types": ["x"], "x": 1, "selection": {"x": 1}}
    choices = {error.pointer: error.choices for error in errors_in(document)}
    assert choices == {
        "#/minor": ("true", "false"),
        "#/payload": ("full", "thin"),
        "#/types": EVENT_TYPES,
        "#/x": ("url", "selection", "types", "minor", "payload", "headers", "state"),
        "#/selection/x": ("categories", "match", "carousel", "sources", "languages"),
    }


def test_header_fields_do_not_go_to_another_host() -> None:
    """A stolen token could read them there; the same patch may set new ones."""
    with_headers = replace(BLANK, headers=(("X-A", "b"),))
    new = (("X-C", "d"),)
    same = SubscriptionPatch(url=f"{BLANK.url}/2").apply_to(with_headers)
    moved = SubscriptionPatch(url="https://other.example/hook").apply_to(with_headers)
    both = SubscriptionPatch(url="https://other.example/hook", headers=new).apply_to(with_headers)
    assert (same.headers, moved.headers, both.headers) == (with_headers.headers, (), new)


def test_fields_left_out_keep_their_values() -> None:
    """Owners set the state; an empty patch changes nothing."""
    assert parse_subscription({}, SubscriptionChange, edition).apply_to(BLANK) == BLANK
    assert SubscriptionPatch(state="paused").apply_to(BLANK).state == "paused"
    assert SubscriptionPatch(backfill=True, url="https://x.example").apply_to(BLANK).backfill


def test_at_most_twenty_errors_in_lists_are_reported() -> None:
    """Each of thousands of unknown names would be compared with all known ones."""
    names = [f"unknown {number}" for number in range(3_000)]
    document = {"selection": {"categories": names, "sources": names}}
    assert len(errors_in(document)) == 20
