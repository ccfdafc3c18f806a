"""Webhook events and their JSON bodies."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.event import (
    WebhookEvent,
    cursor_in_body,
    make_test_body,
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


def test_published_body_has_all_members() -> None:
    """In the order of the contract, with the item unchanged."""
    text = webhook_body(PUBLISHED, cursor="c9", subscription=SUBSCRIPTION, seq=17)
    assert json.loads(text) == {
        "type": "post.published",
        "timestamp": "2024-06-01T12:00:00.000Z",
        "schema": 1,
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


def test_update_lists_changed_fields() -> None:
    """Without a reason, and with whether it is minor."""
    data = json.loads(webhook_body(UPDATED, cursor="c"))["data"]
    assert (data["reason"], data["changed"], data["minor"]) == (None, ["title", "words"], False)


def test_removal_has_id_and_url_only() -> None:
    """For any event and payload."""
    for payload in ("full", "thin"):
        data = json.loads(webhook_body(REMOVED, cursor="c", payload=payload))["data"]
        assert data["post"] == {"id": POST.id, "url": POST.url}
        assert data["reason"] == "unpublished"


def test_thin_body_links_to_the_api() -> None:
    """Id, URL, title and the API URL of the post."""
    data = json.loads(webhook_body(PUBLISHED, cursor="c", payload="thin"))["data"]
    assert data["post"] == {
        "id": POST.id,
        "url": POST.url,
        "title": "Año nuevo",
        "_syndicate": {"self": "https://feeds.example.gov/v1/posts/1"},
    }


def test_change_item_has_no_subscription() -> None:
    """Items of /v1/changes have neither subscription nor seq."""
    data = json.loads(webhook_body(PUBLISHED, cursor="c9"))["data"]
    assert list(data) == ["cursor", "post", "source", "commit", "reason", "changed", "minor"]


@pytest.mark.parametrize("payload", ["full", "thin"])
def test_cursor_is_read_from_the_beginning_of_a_body(payload: Payload) -> None:
    """If the body has no recipient."""
    assert cursor_in_body(webhook_body(REMOVED, cursor="c9", payload=payload)) == "c9"
    assert cursor_in_body(webhook_body(PUBLISHED, cursor="", payload=payload)) == ""


@given(cursor=st.text(), title=st.text(st.characters()), seq=st.integers(min_value=0))
def test_any_text_gives_valid_json(cursor: str, title: str, seq: int) -> None:
    """Quotes, control characters and lone surrogates are escaped; equal events give equal bytes."""
    event = replace(PUBLISHED, title=title)
    text = webhook_body(event, cursor=cursor, payload="thin", subscription=SUBSCRIPTION, seq=seq)
    data = json.loads(text)["data"]
    assert (data["cursor"], data["seq"], data["post"]["title"]) == (cursor, seq, title)
    assert text == webhook_body(
        event, cursor=cursor, payload="thin", subscription=SUBSCRIPTION, seq=seq
    )


def test_event_id_depends_on_generation_post_and_kind() -> None:
    """And on nothing else."""
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


def test_test_event_has_no_post() -> None:
    """It names the subscription only."""
    assert json.loads(make_test_body(SUBSCRIPTION, samples.NOW)) == {
        "type": "subscription.test",
        "timestamp": "2024-06-01T12:00:00.000Z",
        "schema": 1,
        "data": {"subscription": "sub_1"},
    }


@pytest.mark.parametrize("payload", ["full", "thin"])
def test_body_is_compact_json(payload: str) -> None:
    """So that five hundred of them stay small."""
    text = webhook_body(PUBLISHED, cursor="c", payload="thin" if payload == "thin" else "full")
    assert b'": ' not in text
    assert b', "' not in text


@pytest.mark.parametrize("event", [PUBLISHED, UPDATED, REMOVED])
@pytest.mark.parametrize("payload", ["full", "thin"])
def test_recipient_can_be_inserted_later(event: WebhookEvent, payload: Payload) -> None:
    """Byte for byte: the shared body with a recipient equals the one made for it."""
    kept = webhook_body(event, cursor="c", payload=payload)
    direct = webhook_body(event, cursor="c", payload=payload, subscription=SUBSCRIPTION, seq=17)
    assert with_recipient(kept, SUBSCRIPTION, 17) == direct
