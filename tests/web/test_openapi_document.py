"""The file openapi.yaml agrees with routes, query language, constants, error codes and webhooks."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, get_args

import jsonschema
import pytest
import yaml
from starlette.routing import Route

import syndicate
from syndicate.channels import CHANNELS
from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.channels.transport import Transport
from syndicate.errors import SyndicateError, UsageError
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.json_feed import JsonFeed
from syndicate.model.delivery import AttemptTrigger, Delivery, DeliveryId, DeliveryState
from syndicate.model.edition import ProblemLevel
from syndicate.model.event import WebhookEvent, event_id, make_test_body, webhook_body
from syndicate.model.ledger import FIELD_NAMES, EventReason, PostEvent
from syndicate.model.post import DatePrecision
from syndicate.model.query import DEFAULT_LIMIT, MAX_LIMIT, ContentMode, parse_query
from syndicate.model.subscription import (
    EVENT_TYPES,
    Payload,
    RequestedState,
    Subscription,
    SubscriptionId,
    SubscriptionState,
)
from syndicate.model.webhook_signature import Secret
from syndicate.web.openapi import openapi_document
from syndicate.web.subscription_input import NewSubscription, SubscriptionChange
from tests import samples
from tests.channels.receiver import respond, run_receiver
from tests.web.app_client import app_client

SOURCE: Final = Path(syndicate.__file__).parent
REFERENCE: Final = SOURCE.parents[1] / "docs" / "reference" / "http.md"
DOCUMENT: Final[dict[str, Any]] = openapi_document(samples.SERVICE_INFO)
SUBSCRIPTION: Final = SubscriptionId("sub_3f2a9c1b5d7e8f60")


def at(path: str) -> Any:  # noqa: ANN401 — JSON
    """Return a service in the given state."""
    return reduce(lambda node, key: node[key], path.split("/"), DOCUMENT)


@pytest.mark.slow
def test_openapi_yaml_is_a_valid_document_by_itself() -> None:
    """Editors and linters can open it; five values are replaced by settings."""
    text = (SOURCE / "web" / "openapi.yaml").read_text("utf-8")
    plain = yaml.safe_load(text)
    replaced = {
        "openapi": plain["openapi"],
        "info": plain["info"],
        "servers": plain["servers"],
        "externalDocs": plain["externalDocs"],
    }

    assert {**DOCUMENT, **replaced} == plain
    assert DOCUMENT["info"] == {
        **plain["info"],
        "title": samples.SERVICE_INFO.title,
        "version": samples.SERVICE_INFO.version,
        "contact": {"email": samples.SERVICE_INFO.contact},
    }


def test_operation_ids_are_unique() -> None:
    """As OpenAPI demands: they are names in clients and anchors of the reference."""
    ids = [
        operation["operationId"]
        for item in (*DOCUMENT["paths"].values(), *DOCUMENT["webhooks"].values())
        for operation in item.values()
    ]
    assert sorted(ids) == sorted(set(ids))


def test_every_route_is_documented_with_its_methods() -> None:
    """No path, and no method of a path, is missing or made up."""
    routes: dict[str, set[str]] = {}
    for route in app_client().app.routes:
        if isinstance(route, Route) and not route.path.startswith("/portal"):  # forms for people
            methods = {method.lower() for method in route.methods or ()} - {"head"}
            routes.setdefault(route.path.replace(":path", ""), set()).update(methods)

    assert {path: set(operations) for path, operations in DOCUMENT["paths"].items()} == routes


@pytest.mark.parametrize(
    "path", ["/feeds/{name}.json", "/feeds/{name}", "/v1/posts", "/v1/changes"]
)
def test_every_parameter_of_the_query_language_is_documented(path: str) -> None:
    """The query parameters are exactly those that the parser of queries knows."""
    with pytest.raises(UsageError) as refusal:
        parse_query([("tag", "x")], samples.edition())
    references = [node["$ref"] for node in DOCUMENT["paths"][path]["get"]["parameters"]]
    parameters = [at(reference.removeprefix("#/")) for reference in references]

    names = {node["name"] for node in parameters if node["in"] == "query"}
    assert names - {"q"} == set(refusal.value.choices)  # which feeds do not have


_SCHEMAS: Final = "components/schemas"
ENUMERATIONS: Final = {
    "components/parameters/content/schema/enum": get_args(ContentMode),
    f"{_SCHEMAS}/EventType/enum": EVENT_TYPES,
    f"{_SCHEMAS}/ChangedField/enum": FIELD_NAMES,
    f"{_SCHEMAS}/ItemExtension/properties/date_precision/enum": get_args(DatePrecision),
    f"{_SCHEMAS}/SourceProblem/properties/level/enum": get_args(ProblemLevel),
    f"{_SCHEMAS}/Subscription/properties/payload/enum": get_args(Payload),
    f"{_SCHEMAS}/Subscription/properties/state/enum": get_args(SubscriptionState),
    f"{_SCHEMAS}/SubscriptionUpdate/properties/state/enum": get_args(RequestedState),
    f"{_SCHEMAS}/Attempt/properties/trigger/enum": get_args(AttemptTrigger),
    f"{_SCHEMAS}/Delivery/properties/state/enum": get_args(DeliveryState),
}


@pytest.mark.parametrize("path", ENUMERATIONS)
def test_enumerations_have_the_values_of_the_code(path: str) -> None:
    """A value that is added to the code has to be added to openapi.yaml."""
    assert at(path) == list(ENUMERATIONS[path])


def test_event_reasons_are_those_of_the_code() -> None:
    """A catch-up has no reasons that depend on earlier deliveries."""
    reasons = [value for literal in get_args(EventReason) for value in get_args(literal)]
    assert at(f"{_SCHEMAS}/ChangeReason/enum") == reasons
    (change, _) = at(f"{_SCHEMAS}/Change/properties/data/properties/reason/anyOf")
    assert set(change["enum"]) == set(reasons) - {"entered", "selection_changed"}


def test_limits_and_properties_are_those_of_the_code() -> None:
    """Page sizes, the formats of a feed, and the writable properties of a subscription."""
    limit = at("components/parameters/limit/schema")
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, MAX_LIMIT, DEFAULT_LIMIT)
    assert set(at(f"{_SCHEMAS}/FeedUrls/properties")) == {*FORMATS, "html"}
    assert set(at(f"{_SCHEMAS}/SubscriptionCreate/properties")) == set(NewSubscription.model_fields)
    assert set(at(f"{_SCHEMAS}/SubscriptionUpdate/properties")) == set(
        SubscriptionChange.model_fields
    )


def documented_codes() -> set[str]:
    """Return the error codes in descriptions and examples of the responses."""
    codes: set[str] = set()
    for response in at("components/responses").values():
        codes.update(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", response["description"]))
        example = response.get("content", {}).get("application/problem+json", {}).get("example", {})
        codes.update(error["code"] for error in [example, *example.get("errors", ())] if error)
    return codes - {"wrong-fields", *at("components/schemas/Problem/properties")}


def codes_of_the_code() -> set[str]:
    """Return every error code that the source code can give."""
    codes = {error.default_code() for error in subclasses(SyndicateError)}
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "code":
                codes.update(strings(node.value))
    problem = ast.parse((SOURCE / "web" / "http" / "problem_details.py").read_text("utf-8"))
    return codes | set(strings(problem))


def subclasses(error: type[SyndicateError]) -> Iterator[type[SyndicateError]]:
    """Yield all classes below ``error``."""
    for child in error.__subclasses__():
        yield child
        yield from subclasses(child)


def strings(tree: ast.AST) -> Iterator[str]:
    """Yield every string literal of ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.slow
def test_every_documented_error_code_exists() -> None:
    """No error code is made up, and the reference in docs lists the same ones."""
    table = REFERENCE.read_text("utf-8").partition("\n## Errors")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \d{3}.*$", table, re.MULTILINE)
    listed = {code for row in rows for code in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", row)}

    assert documented_codes() - codes_of_the_code() == set()
    assert documented_codes() ^ (listed - {"wrong-fields"}) <= {
        "forbidden-scheme",
        "forbidden-address",
    }


EVENTS: Final = {
    "post.published": PostEvent(kind="post.published", reason="new"),
    "post.updated": PostEvent(kind="post.updated", changed=("title", "words")),
    "post.removed": PostEvent(kind="post.removed", reason="unpublished"),
}


def bodies() -> dict[str, bytes]:
    """Return the body of every kind of webhook, by a name."""
    item = samples.rendered_post()
    written = JsonFeed().write_entry(item, samples.SERVICE_INFO)
    found = {"test": make_test_body(SUBSCRIPTION, samples.NOW)}
    for kind, post_event in EVENTS.items():
        event = WebhookEvent(
            post_event=post_event,
            generation=7,
            post_id=item.post.id,
            url=item.post.url,
            title=item.post.title,
            self_url=samples.SERVICE_INFO.url(f"/v1/posts/{item.post.key}"),
            source="news",
            commit=samples.COMMIT,
            noticed_at=samples.NOW,
            item_json=written,
        )
        for payload in get_args(Payload):
            found[f"{kind} {payload}"] = webhook_body(
                event, cursor="c9", payload=payload, subscription=SUBSCRIPTION, seq=17
            )
    return found


BODIES: Final = bodies()


@pytest.mark.anyio
@pytest.mark.parametrize("kind", BODIES)
async def test_webhook_request_is_documented(kind: str) -> None:
    """A real request has the documented headers, signature included, and the documented body."""
    webhook = at("webhooks/subscriptionTest" if kind == "test" else "webhooks/postEvent")["post"]
    guard = SsrfGuard(allow_networks=[ip_network("127.0.0.0/8")], allow_http=True)
    now = datetime.now(UTC)
    secrets = (Secret(key=b"n" * 32), Secret(key=b"o" * 32, valid_until=now + timedelta(hours=24)))
    delivery = Delivery(
        id=DeliveryId("sub_3f2a9c1b5d7e8f60.17"),
        subscription=SUBSCRIPTION,
        event=event_id(7, samples.rendered_post().post.id, "post.published"),
        seq=17,
        body=BODIES[kind],
        due=now,
    )
    async with run_receiver(respond()) as receiver:
        subscription = Subscription(id=SUBSCRIPTION, url=receiver.url(), secrets=secrets)
        async with Transport(guard, samples.SERVICE_INFO, timeout_seconds=5) as transport:
            await CHANNELS["webhook"](transport, subscription, delivery, now)
    received = receiver.requests[0]

    for reference in webhook["parameters"]:
        header = at(reference["$ref"].removeprefix("#/"))
        jsonschema.validate(received.headers[header["name"]], header["schema"])
    (schema,) = [media["schema"] for media in webhook["requestBody"]["content"].values()]
    assert list(webhook["requestBody"]["content"]) == [received.headers["content-type"]]
    jsonschema.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(json.loads(received.body))
