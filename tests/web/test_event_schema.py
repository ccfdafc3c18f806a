"""The JSON Schema of webhook bodies, checked with bodies that the service makes."""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from syndicate.model.event import WebhookEvent, make_test_body, webhook_body
from syndicate.model.ledger import PostEvent
from syndicate.model.subscription import Payload, SubscriptionId
from tests import samples
from tests.web.app_client import POSTS, app_client


@pytest.mark.parametrize("payload", ["full", "thin"])
def test_event_schema_describes_real_bodies(payload: Payload) -> None:
    """Of events, tests and changes; a field may be added, but none may be missing."""
    schema = app_client().get("/schemas/event-1.json")
    assert schema.headers["content-type"] == "application/schema+json"
    validator = Draft202012Validator(schema.json(), format_checker=FormatChecker())
    changes = app_client().get("/v1/changes").json()["items"]
    event = WebhookEvent(
        post_event=PostEvent(kind="post.published", reason="new"),
        generation=1,
        post_id=POSTS[0].id,
        url=POSTS[0].url,
        source=POSTS[0].source,
        commit=samples.COMMIT,
        noticed_at=samples.NOW,
        title=POSTS[0].title,
        self_url="https://feeds.example.gov/v1/posts/0f1e2d3c4b5a6978",
        item_json=json.dumps(changes[0]["data"]["post"]).encode(),
    )
    removal = replace(event, post_event=PostEvent(kind="post.removed", reason="expired"))
    subscription = SubscriptionId("sub_1")
    bodies = [
        json.loads(
            webhook_body(each, cursor="c", payload=payload, subscription=subscription, seq=1)
        )
        for each in (event, removal)
    ]
    bodies += [json.loads(make_test_body(subscription, samples.NOW)), *changes]
    for body in bodies:
        validator.validate(body)
        validator.validate({**body, "added": "later"})
        for name in ("type", "timestamp", "schema", "data"):
            assert not validator.is_valid({key: body[key] for key in body if key != name})
