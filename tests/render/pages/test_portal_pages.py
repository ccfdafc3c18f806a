"""Pages of the portal: what a delivery shows of its request."""

import pytest

from syndicate.model.access_token import AccessToken, TokenId
from syndicate.model.delivery import Delivery, DeliveryId
from syndicate.model.event import EventId
from syndicate.model.subscription import SubscriptionId
from syndicate.render.pages.portal_pages import Viewer, delivery_page
from tests.samples import NOW, SERVICE_INFO

VIEWER = Viewer(
    token=AccessToken(id=TokenId("tok_1"), role="partner", name="partner", created=NOW), csrf="c5"
)


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
    delivery = Delivery(
        id=DeliveryId("sub_1.1"),
        subscription=SubscriptionId("sub_1"),
        event=EventId("evt_1"),
        seq=1,
        body=body,
        due=NOW,
    )
    page = delivery_page(SERVICE_INFO, VIEWER, delivery, ())
    assert shown in page
    assert len(page) < 60_000
