"""Events and the bodies that tell them."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.event import (
    WebhookEvent,
    cursor_in_body,
    test_body,
    webhook_body,
    with_recipient,
)
from syndicate.model.ledger import PostEvent
from syndicate.model.post import CommitId
from syndicate.model.subscription import Payload, SubscriptionId
from tests import samples

POST = samples.post()
SUBSCRIPTION = SubscriptionId("sub_1")
ITEM = '{"id":"tag:x","content_html":"<p>Año</p>"}'.encode()
PUBLISHED = WebhookEvent(
    post_event=PostEvent(kind="post.published", reason="new"),
    generation=7,
    post_id=POST.id,
    url=POST.url,
    title="Año nuevo",
    self_url="https://feeds.example.gov/v1/posts/1",
    source="news",
    commit=samples.COMMIT,
    noticed_at=samples.NOW,
    item_json=ITEM,
)
UPDATED = replace(PUBLISHED, post_event=PostEvent(kind="post.updated", changed=("title", "words")))
REMOVED = replace(PUBLISHED, post_event=PostEvent(kind="post.removed", reason="unpublished"))


def test_the_body_of_a_published_post_says_everything() -> None:
    """All members of the contract are there, in their order, with the item as it was given."""
    text = webhook_body(PUBLISHED, cursor="c9", subscription=SUBSCRIPTION, seq=17)
    assert json.loads(text) == {
        "type": "post.published",
        "timestamp": "2024-06-01T12:00:00.000Z",
        "data": {
            "subscription": "sub_1",
            "seq": 17,
            "cursor": "c9",
            "post": json.loads(ITEM),
            "source": "news",
            "commit": samples.COMMIT,
            "reason": "new",
            "changed": [],
            "minor": False,
        },
    }
    assert ITEM in text
    assert list(json.loads(text)["data"])[:4] == ["subscription", "seq", "cursor", "post"]


def test_an_update_names_its_parts() -> None:
    """An update has no reason, but the parts that changed and whether they matter."""
    data = json.loads(webhook_body(UPDATED, cursor="c"))["data"]
    assert (data["reason"], data["changed"], data["minor"]) == (None, ["title", "words"], False)


def test_a_removed_post_shows_nothing_but_which_it_was() -> None:
    """Id and address only, whatever the event was given and whichever payload was asked for."""
    for payload in ("full", "thin"):
        data = json.loads(webhook_body(REMOVED, cursor="c", payload=payload))["data"]
        assert data["post"] == {"id": POST.id, "url": POST.url}
        assert data["reason"] == "unpublished"


def test_a_thin_body_says_where_to_fetch_the_rest() -> None:
    """Id, address, title and the item in our API."""
    data = json.loads(webhook_body(PUBLISHED, cursor="c", payload="thin"))["data"]
    assert data["post"] == {
        "id": POST.id,
        "url": POST.url,
        "title": "Año nuevo",
        "_syndicate": {"self": "https://feeds.example.gov/v1/posts/1"},
    }


def test_a_listed_change_names_no_subscription() -> None:
    """What the sync API lists is the same without subscription and seq."""
    data = json.loads(webhook_body(PUBLISHED, cursor="c9"))["data"]
    assert list(data) == ["cursor", "post", "source", "commit", "reason", "changed", "minor"]


@pytest.mark.parametrize("payload", ["full", "thin"])
def test_the_cursor_of_a_body_is_found_without_reading_it(payload: Payload) -> None:
    """As long as it is addressed to nobody."""
    assert cursor_in_body(webhook_body(REMOVED, cursor="c9", payload=payload)) == "c9"
    assert cursor_in_body(webhook_body(PUBLISHED, cursor="", payload=payload)) == ""


@given(cursor=st.text(), title=st.text(st.characters()), seq=st.integers(min_value=0))
def test_any_text_makes_a_body_that_reads_back(cursor: str, title: str, seq: int) -> None:
    """Quotes, control characters and lone surrogates are escaped; the same gives the same."""
    event = replace(PUBLISHED, title=title)
    text = webhook_body(event, cursor=cursor, payload="thin", subscription=SUBSCRIPTION, seq=seq)
    data = json.loads(text)["data"]
    assert (data["cursor"], data["seq"], data["post"]["title"]) == (cursor, seq, title)
    assert text == webhook_body(
        event, cursor=cursor, payload="thin", subscription=SUBSCRIPTION, seq=seq
    )


def test_the_same_telling_has_the_same_id() -> None:
    """An id depends on generation, post and kind, and on nothing else."""
    assert re.fullmatch(r"evt_[0-9a-f]{32}", PUBLISHED.id)
    assert (
        replace(PUBLISHED, item_json=b"{}", title="", commit=CommitId("ab" * 20)).id == PUBLISHED.id
    )
    others = {
        PUBLISHED.id,
        UPDATED.id,
        REMOVED.id,
        replace(PUBLISHED, generation=8).id,
        replace(PUBLISHED, post_id=samples.post("news/other.md").id).id,
    }
    assert len(others) == 5


def test_a_trial_has_no_post() -> None:
    """The request by which an owner tries an endpoint names the subscription only."""
    assert json.loads(test_body(SUBSCRIPTION, samples.NOW)) == {
        "type": "subscription.test",
        "timestamp": "2024-06-01T12:00:00.000Z",
        "data": {"subscription": "sub_1"},
    }


@pytest.mark.parametrize("payload", ["full", "thin"])
def test_a_body_has_no_needless_space(payload: str) -> None:
    """Bodies are compact, so that five hundred of them stay small."""
    text = webhook_body(PUBLISHED, cursor="c", payload="thin" if payload == "thin" else "full")
    assert b'": ' not in text
    assert b', "' not in text


@pytest.mark.parametrize("event", [PUBLISHED, UPDATED, REMOVED])
@pytest.mark.parametrize("payload", ["full", "thin"])
def test_a_body_addressed_later_is_the_same_body(event: WebhookEvent, payload: Payload) -> None:
    """Byte for byte: what is kept once for all is what each would have got."""
    kept = webhook_body(event, cursor="c", payload=payload)
    direct = webhook_body(event, cursor="c", payload=payload, subscription=SUBSCRIPTION, seq=17)
    assert with_recipient(kept, SUBSCRIPTION, 17) == direct
