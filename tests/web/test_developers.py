"""The pages for developers of partner sites."""

import gzip
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from xml.etree.ElementTree import Element

import pytest
from standardwebhooks import Webhook

from syndicate.model.webhook_signature import Secret, verification_error
from syndicate.web.developers import sample_code
from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.project_documents import code_blocks
from tests.render.parsed_html import parse_page, text
from tests.web.app_client import NAMED, AppClient, app_client

PUBLIC = samples.SERVICE_INFO.public_url


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


def code(client: AppClient, element_id: str, query: str = "") -> str:
    """Return the text of the code with an id on the page."""
    page = parse_page(client.get(f"/developers?{query}").text)
    (found,) = (each for each in page.iter() if each.get("id") == element_id)
    return "".join(found.itertext())


def hrefs(page: Element) -> set[str]:
    """Return the targets of all links."""
    return {link.get("href", "") for link in page.iter("a")}


@pytest.mark.slow
def test_form_shows_the_urls_of_the_chosen_feed(client: AppClient) -> None:
    """In every format, in canonical form, with all filters."""
    page = client.get("/developers?feed=news&category=Tech+Transformation&language=es&limit=3").text

    assert hrefs(parse_page(page)) >= {
        f"/feeds/news.{suffix}?category=tts&language=es&limit=3"
        for suffix in ("json", "rss", "atom")
    }


def test_every_feed_can_be_chosen(client: AppClient) -> None:
    """The chosen one is selected."""
    page = parse_page(client.get(f"/developers?feed={NAMED.name}").text)

    options = [
        option for option in page.iter("option") if option.get("value") in {NAMED.name, "all"}
    ]
    assert {option.get("value"): option.get("selected") is not None for option in options} == {
        "all": False,
        NAMED.name: True,
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [("feed=nothing", 404), ("category=nothing", 400), ("heading=9", 400), ("limit=21", 400)],
)
def test_invalid_form_is_rejected(client: AppClient, query: str, status: int) -> None:
    """With what is allowed."""
    assert client.get(f"/developers?{query}").status_code == status


def test_embed_code_has_the_options_of_the_form(client: AppClient) -> None:
    """Options with their default value are left out."""
    query = "feed=all&category=tts&limit=3&theme=dark&date=false&heading=2"

    assert code(client, "embed-iframe", query) == (
        f'<iframe src="{PUBLIC}/embed/all.html?category=tts&amp;limit=3&amp;date=false&amp;'
        'theme=dark"\n  title="All posts" width="100%" height="480" loading="lazy"></iframe>'
    )
    element = code(client, "embed-element", query)
    assert f'src="{PUBLIC}/feeds/all.json?category=tts&amp;limit=3"' in element
    assert 'limit="3" date="false" theme="dark">' in element
    assert (
        client.get(
            unescape(element.split('href="')[1].split('"')[0].removeprefix(PUBLIC))
        ).status_code
        == 200
    )


def test_embed_is_shown_only_with_a_public_url() -> None:
    """Other sites cannot reach the address that the service listens on."""
    service_info = replace(samples.SERVICE_INFO, has_public_url=False)
    client = AppClient(reader=app_client().reader, service_info=service_info)
    page = client.get("/developers").text

    assert "embed-iframe" not in page
    assert "<iframe" not in page
    assert "once the operator has set the public URL" in page


def test_sample_request_is_signed_with_the_secret_of_the_page(client: AppClient) -> None:
    """As a verifier of Standard Webhooks at the time of the request finds."""
    lines = code(client, "webhook-headers").splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    body = code(client, "webhook-body")
    secret = code(client, "webhook-secret")
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)

    assert json.loads(body)["type"] == "post.published"
    secrets = [Secret.parse(secret)]
    assert verification_error(secrets, headers=headers, body=body.encode(), now=at) == ""
    tampered = verification_error(secrets, headers=headers, body=b"{}", now=at)
    assert tampered
    assert verification_error(
        secrets, headers=headers, body=body.encode(), now=at + timedelta(hours=1)
    )
    signature = Webhook(secret).sign(headers["webhook-id"], at, body)
    assert signature == headers["webhook-signature"]


@pytest.mark.parametrize(("name", "fence"), [("python", "python"), ("php", "php"), ("node", "js")])
def test_samples_are_the_tested_programs_of_the_documentation(
    client: AppClient, name: str, fence: str
) -> None:
    """Each verifies signatures as tests/system/test_webhook_receivers.py shows."""
    blocks = code_blocks("docs/how-to/verify-webhooks.md", fence)
    assert [sample_code(f"webhook_{name}"), sample_code(f"receiver_{name}")] == blocks
    assert [code(client, f"verify-{name}"), code(client, f"receiver-{name}")] == blocks


def test_commands_name_this_service(client: AppClient) -> None:
    """The URLs are public ones, and the contact is who gives out tokens."""
    assert f"{PUBLIC}/v1/subscriptions" in code(client, "subscribe")
    assert f"{PUBLIC}/feeds/all.atom" in code(client, "websub-subscribe")
    assert f"{PUBLIC}/v1/changes" in code(client, "changes")
    assert "mailto:feeds@example.gov" in hrefs(parse_page(client.get("/developers").text))


def test_limits_are_those_in_force() -> None:
    """Of requests and deliveries."""
    policy = HttpPolicy(requests_per_minute=1_200, delivery_timeout_seconds=7.5)
    page = text(parse_page(app_client(policy=policy).get("/developers").text))

    assert "1,200 per minute and client" in page
    assert "7.5 seconds" in page
    assert "no limit" in text(parse_page(app_client().get("/developers").text))


def test_websub_is_described(client: AppClient) -> None:
    """In words of its own, without names of the template."""
    page = text(parse_page(client.get("/developers").text))

    assert "to your callback each time the feed changes (W3C WebSub)" in page


@pytest.mark.slow
def test_reference_has_every_operation(client: AppClient) -> None:
    """Method, path and id of each operation and webhook of the OpenAPI document."""
    document = client.get("/openapi.json").json()
    page = parse_page(client.get("/developers/api").text)

    found = {heading.get("id"): text(heading) for heading in page.iter("h3")}
    assert found == {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, item in {**document["paths"], **document["webhooks"]}.items()
        for method, operation in item.items()
    }


@pytest.mark.slow
def test_reference_describes_what_many_operations_share_once(client: AppClient) -> None:
    """Each operation names all of its own; the page stays small without compression as well."""
    document = client.get("/openapi.json").json()
    response = client.get("/developers/api")
    page = parse_page(response.text)
    articles = {
        heading.get("id"): text(article)
        for article in page.iter("article")
        for heading in article.iter("h3")
    }
    query = document["components"]["parameters"]

    assert text(page).count(query["category"]["description"].split(".")[0]) == 1
    assert "Also: category, match, carousel, source, language, limit" in articles["listChanges"]
    assert "Parameters: id" in articles["rotateSecret"]
    assert "Of many operations: 304, 400, 429, 503, default" in articles["listChanges"]
    assert text(page).count("The client sent more requests than the operator allows") == 1
    assert len(response.content) < 80_000


@pytest.mark.parametrize("path", ["/developers", "/developers/api", "/"])
def test_pages_link_the_description_and_the_documentation(client: AppClient, path: str) -> None:
    """In the field Link (RFC 8631)."""
    response = client.get(path)

    assert response.link("service-desc") == f"{PUBLIC}/openapi.json"
    assert response.link("service-doc") == f"{PUBLIC}/developers"
    assert len(gzip.compress(response.content)) < 100_000


def test_only_own_pages_are_framed(client: AppClient) -> None:
    """For the preview of the embed; no script runs but the one that copies code."""
    response = client.get("/developers")
    policy = response.headers["content-security-policy"]
    (script,) = parse_page(response.text).iter("script")
    digest = b64encode(sha256("".join(script.itertext()).encode()).digest()).decode()

    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert re.findall("script-src [^;]*", policy) == [f"script-src 'sha256-{digest}'"]
    assert "script-src" not in client.get("/developers/api").headers["content-security-policy"]
