"""The OpenAPI document is complete and valid, and responses agree with it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import httpx
import jsonschema
import pytest
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from syndicate.model.access_token import NewToken
from syndicate.model.audit import SERVICE
from syndicate.model.post import Author, Image
from syndicate.model.subscription import Subscription, SubscriptionId
from tests import samples
from tests.web.api_client import HOOK, ApiClient, open_api_client
from tests.web.app_client import LEDGER, POSTS, AppClient, SampleReader, app_client

CLIENT: Final = app_client()
DOCUMENT: Final = CLIENT.get("/openapi.json").json()
# Not `from_dict`: every process of a parallel run would make the requests of all tests.
SCHEMA: Final = schemathesis.pytest.from_fixture("schema")


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    """Return the document as that of the application."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = CLIENT.app
    return schema


def test_document_is_valid_openapi(schema: BaseSchema) -> None:
    """By the schema of the specification."""
    schema.validate()
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["servers"] == [{"url": samples.SERVICE_INFO.public_url}]
    assert DOCUMENT["info"]["contact"] == {"email": samples.SERVICE_INFO.contact}


def test_contact_is_a_url_or_an_email_address() -> None:
    """Without a contact the member is missing."""
    for contact, expected in (
        ("https://www.example.gov/contact", {"url": "https://www.example.gov/contact"}),
        ("", None),
    ):
        service_info = replace(samples.SERVICE_INFO, contact=contact)
        here = AppClient(reader=SampleReader(current=None), service_info=service_info)
        assert here.get("/openapi.json").json()["info"].get("contact") == expected


def examples(node: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 — JSON
    """Yield (where, schema, example) of every media type, header and parameter that has one."""
    if isinstance(node, dict):
        if "schema" in node and "example" in node:
            yield path, node["schema"], node["example"]
        if "schema" in node and "examples" in node:
            for name, example in node["examples"].items():
                yield f"{path}/{name}", node["schema"], example["value"]
        for name, child in node.items():
            yield from examples(child, f"{path}/{name}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from examples(child, f"{path}/{number}")


EXAMPLES: Final = list(examples(DOCUMENT))


def check(instance: object, schema: dict[str, object]) -> None:
    """Raise unless ``instance`` is valid by ``schema`` of the document, formats included."""
    complete = {**schema, "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(
        complete, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(instance)


@pytest.mark.parametrize(
    ("schema", "example"),
    [(schema, example) for _, schema, example in EXAMPLES],
    ids=[where for where, _, _ in EXAMPLES],
)
def test_every_example_is_valid_by_its_schema(schema: dict[str, object], example: object) -> None:
    """Clients are built from the examples."""
    check(example, schema)


def test_every_json_response_has_an_example() -> None:
    """For each operation."""
    missing = [
        path
        for path, operations in DOCUMENT["paths"].items()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        for media in response.get("content", {}).items()
        if "json" in media[0] and "example" not in media[1] and path != "/openapi.json"
        if status.startswith("2")
    ]
    assert missing == []


JSON: Final = [
    *("/feeds/all.json", "/feeds/carousel.json?limit=1", "/feeds/all.json?content=none"),
    *("/v1/posts", "/v1/posts?content=text&limit=2", f"/v1/posts/{POSTS[3].key}"),
    *("/v1/categories", "/v1/sources", "/v1/changes", "/healthz", "/readyz"),
]


@pytest.mark.parametrize("path", JSON)
def test_real_responses_are_valid_by_the_schema(path: str) -> None:
    """No field is missing, none is undocumented."""
    rich = samples.rendered_post(
        POSTS[3],
        external_url="https://blog.example.org/x",
        image=Image(url="https://www.example.gov/a.png", alt=None),
        authors=(Author(name="Ada", url="https://www.example.gov/ada"),),
    )
    library = SampleReader(
        current=samples.edition(*POSTS), items_by_id={POSTS[3].id: rich}, ledger=LEDGER
    )
    bare = path.partition("?")[0]
    described = "/v1/posts/{key}" if bare.startswith("/v1/posts/") else bare
    described = "/feeds/{name}.json" if bare.startswith("/feeds/") else described
    (media,) = DOCUMENT["paths"][described]["get"]["responses"]["200"]["content"].values()

    check(AppClient(reader=library).get(path).json(), media["schema"])


def test_real_problems_are_valid_by_the_schema() -> None:
    """With and without hint and list."""
    problem = DOCUMENT["components"]["schemas"]["Problem"]
    for path in ("/feeds/x.json", "/v1/posts?limit=0", "/nothing", "/v1/posts?categories=x"):
        check(CLIENT.get(path).json(), problem)
    check(AppClient(reader=SampleReader(current=None)).get("/feeds/all.json").json(), problem)
    unreadiness = DOCUMENT["components"]["schemas"]["Unreadiness"]
    check(AppClient(reader=SampleReader(current=None)).get("/readyz").json(), unreadiness)


@dataclass(frozen=True, kw_only=True)
class ServedApi:
    """A service on an event loop of its own, for synchronous tests."""

    portal: BlockingPortal
    counter: ApiClient


PRIVATE: Final = "^/v1/(subscriptions|deliveries|sources/.*/problems)"
EDITORS: Final = "^/(explain|check)$"
"""Pages that read a repository; `tests/web/test_editors.py` has one."""
NUMBERS: Final = count()
MODEST: Final = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(600)
@SCHEMA.exclude(path_regex=f"{PRIVATE}|{EDITORS}").parametrize()
@MODEST
def test_every_response_is_documented(case: Case[Any]) -> None:
    """To any request that the document allows, and others."""
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@pytest.fixture(scope="module")
def served() -> Iterator[ServedApi]:
    """Yield a service with a real database, and an administrator's token."""
    with (
        tempfile.TemporaryDirectory() as folder,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(f"sqlite:///{folder}/syndicate.db")) as opened,
    ):
        yield ServedApi(portal=portal, counter=opened)


@asynccontextmanager
async def serve(url: str) -> AsyncIterator[ApiClient]:
    """Open a service whose ledger has entries, as an administrator uses it."""
    async with open_api_client(url) as counter:
        _, token = await counter.service.access.tokens.create(
            NewToken(role="admin", name="ops"), samples.NOW, SERVICE
        )
        yield replace(counter, token=token)


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.timeout(600)
@SCHEMA.include(path_regex=PRIVATE).parametrize()
@settings(MODEST, max_examples=5, phases=[Phase.generate])
def test_every_response_to_a_token_is_documented(case: Case[Any], served: ServedApi) -> None:
    """With a real database; half of the ids are those of a subscription that exists."""
    request = case.as_transport_kwargs(base_url="http://testserver")
    counter = served.counter

    async def send() -> httpx.Response:
        new = Subscription(id=SubscriptionId(""), url=f"{HOOK}/{next(NUMBERS)}", backfill=True)
        subscription = await counter.service.subscribe(new)
        request["headers"]["Authorization"] = f"Bearer {counter.token}"
        url = request["url"].replace("/sub_3f2a9c1b5d7e8f60", f"/{subscription.id}")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(counter.app_client.app)
        ) as client:
            return await client.request(
                request["method"],
                url,
                headers=request["headers"],
                params=request["params"],
                content=request.get("data"),
                json=request.get("json"),
            )

    response = served.portal.call(send)
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_headers_conformance,
            response_schema_conformance,
        ],
    )


@pytest.fixture(autouse=True)
def _node_id(request: pytest.FixtureRequest) -> None:
    """Give the test the attribute that schemathesis 4 reads and pytest 9.2 renamed."""
    request.node._nodeid = request.node.nodeid  # noqa: SLF001
