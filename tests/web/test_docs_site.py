"""The documentation at /docs."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from syndicate.web.http_policy import HttpPolicy
from tests import samples
from tests.web.app_client import AppClient, app_client

SCRIPT = "location.hash"
PAGE = f"<!doctype html><title>Docs</title><script>{SCRIPT}</script><script src=a.js></script>"


@pytest.fixture
def client(tmp_path: Path) -> AppClient:
    """Return a service of a small site; a secret stands beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    site = tmp_path / "site"
    (site / "search").mkdir(parents=True)
    (site / "index.html").write_text(PAGE)
    (site / "search" / "search_index.json").write_text("{}")
    return AppClient(
        reader=app_client().reader,
        policy=HttpPolicy(docs_folder=str(site)),
        service_info=replace(samples.SERVICE_INFO, has_docs=True),
    )


def test_pages_may_run_their_own_scripts_only(client: AppClient) -> None:
    """By hash and from this origin; read once."""
    client.get("/docs/index.html")
    response = client.get("/docs/index.html")

    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["cache-control"].startswith("public, max-age=300")
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = response.headers["content-security-policy"].split("; ")
    assert f"script-src 'self' 'sha256-{digest}'" in policy
    assert "default-src 'self'" in policy


def test_a_page_that_has_not_changed_keeps_its_policy(client: AppClient) -> None:
    """Browsers take the headers of 304 for the page that they have stored."""
    first = client.get("/docs/index.html")
    second = client.get("/docs/index.html", If_None_Match=first.headers["etag"])

    assert second.status_code == 304
    assert second.headers["content-security-policy"] == first.headers["content-security-policy"]


def test_a_page_in_another_encoding_is_served(client: AppClient, tmp_path: Path) -> None:
    """The site is not ours to refuse."""
    (tmp_path / "site" / "old.html").write_bytes(b"<title>Caf\xe9</title>")

    assert client.get("/docs/old.html").content == b"<title>Caf\xe9</title>"


def test_links_lead_to_the_first_page(client: AppClient) -> None:
    """From the footer of every page, and from the folder."""
    assert '<a href="/docs/index.html">Documentation</a>' in client.get("/about").text
    response = client.get("/docs")
    assert (response.status_code, response.headers["location"]) == (
        301,
        f"{samples.SERVICE_INFO.public_url}/docs/index.html",
    )
    assert client.get("/docs/search/search_index.json").json() == {}


@pytest.mark.parametrize(
    "path", ["/docs/none.html", "/docs/../secret.txt", "/docs/%2e%2e/secret.txt", "/docs/search"]
)
def test_other_files_are_not_found(client: AppClient, path: str) -> None:
    """Neither missing ones nor those outside of the folder."""
    response = client.get(path)

    assert response.status_code == 404
    assert "secret" not in response.text.replace("secret.txt", "")


def test_without_the_setting_there_is_no_documentation() -> None:
    """Nor a link to it."""
    assert app_client().get("/docs").status_code == 404
    assert "/docs/" not in app_client().get("/about").text
