"""Pages of the portal: what a delivery shows of its request."""

import re
from html import unescape

import pytest

from syndicate.model.access_token import AccessToken, TokenId
from syndicate.model.delivery import (
    ALL_DELIVERIES,
    Delivery,
    DeliveryId,
    SubscriptionStatus,
)
from syndicate.model.event import EventId
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.render.pages.portal_pages import (
    DeliveryList,
    Viewer,
    delivery_page,
    subscription_page,
)
from tests.samples import NOW, SERVICE_INFO

VIEWER = Viewer(
    token=AccessToken(id=TokenId("tok_1"), role="partner", name="partner", created=NOW), csrf="c5"
)


def delivery(body: bytes, topic: str = "") -> Delivery:
    """Return a delivery of a ``body``, of an event or of the content of a topic."""
    return Delivery(
        id=DeliveryId("sub_1.1"),
        subscription=SubscriptionId("sub_1"),
        event=EventId("evt_1"),
        seq=1,
        body=body,
        topic=topic,
        due=NOW,
    )


def shown_subscription(subscription: Subscription, *deliveries: Delivery) -> str:
    """Return the text of the page of a subscription."""
    page = subscription_page(
        SERVICE_INFO,
        VIEWER,
        SubscriptionStatus(subscription=subscription, pending=0),
        DeliveryList(deliveries=deliveries, search=ALL_DELIVERIES, next_after=""),
    )
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(), "Posts all"),
        (Selection.create(categories=["tts", "forms"]), "Posts in forms or tts"),
        (
            Selection.create(categories=["tts", "forms"], match_all=True, carousel=True),
            "Posts in forms and tts, in the carousel",
        ),
        (
            Selection.create(carousel=False, sources=["news"], languages=["es"]),
            "Posts not in the carousel, from news, in the language es",
        ),
    ],
)
def test_subscription_says_which_posts_it_is_about(selection: Selection, words: str) -> None:
    """In words, as the form has them."""
    subscription = Subscription(id=SubscriptionId("sub_1"), url="https://x", selection=selection)
    assert f"{words} Events" in shown_subscription(subscription)


def test_delivery_is_named_by_its_event() -> None:
    """Of WebSub by its topic, and by its id if the body is no event."""
    topic = "https://feeds.example.gov/feeds/all.rss"
    removed = b"""{"type": "post.removed", "timestamp": "2024-01-29T14:00:00Z",
                   "data": {"post": {"id": "x", "url": "https://www.example.gov/a"}}}"""
    subscription = Subscription(
        id=SubscriptionId("sub_1"), kind="websub", url="https://x", topic=topic
    )
    page = shown_subscription(
        subscription, delivery(removed), delivery(b"<rss/>", topic), delivery(b"?")
    )

    assert f"Posts those of {topic}" in page
    assert "Removed: https://www.example.gov/a January 29, 2024, 2:00:00 p.m. UTC" in page
    assert f"Delivery 1 {topic} 0 attempts" in page
    assert "Delivery 1 evt_1 0 attempts" in page


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":"<b>"}', "{\n  &#34;a&#34;: &#34;&lt;b&gt;&#34;\n}"),
        (b"<rss/>", "<code>&lt;rss/&gt;</code>"),
        (b"\xff", "<code>\N{REPLACEMENT CHARACTER}</code>"),
        (b"x" * 20_000, "x\n… (20,000 characters in all)"),
    ],
)
def test_request_body_is_readable_and_bounded(body: bytes, shown: str) -> None:
    """JSON with indentation; markup as text."""
    page = delivery_page(SERVICE_INFO, VIEWER, delivery(body), ())
    assert shown in page
    assert len(page) < 60_000
