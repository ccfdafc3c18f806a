"""The URL of a post is one of the web, whatever its front matter says."""

import pytest

from syndicate.model.url_patterns import absolute
from tests.sites.written_site import post, site_of, url_of

JEKYLL = {"_config.yml": "url: https://agency.gov\n", "_posts/2024-05-06-a.md": post(title="A")}
ELEVENTY = {"eleventy.config.js": "", "_data/site.json": '{"url": "https://agency.gov"}'}


@pytest.mark.parametrize("url", ["https://other.gov/a", "HTTP://Other.gov/a"])
def test_url_of_another_host_stays(url: str) -> None:
    """As written."""
    assert absolute(url, "https://agency.gov") == url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("javascript://a/%0aalert(1)", "https://agency.gov/site/javascript:/a/%0aalert(1)"),
        ("data://text/html,a", "https://agency.gov/site/data:/text/html,a"),
        ("https://[a", "https://agency.gov/site/https:/[a"),
        ("https:///a", "https://agency.gov/site/https:/a"),
        ("//other.gov/a", "https://agency.gov/site/other.gov/a"),
    ],
)
def test_other_schemes_and_invalid_urls_are_paths_of_the_site(path: str, url: str) -> None:
    """So no reader gets a link that runs a script, and no source fails for one post."""
    assert absolute(path, "https://agency.gov/site/") == url


@pytest.mark.parametrize(
    ("engine", "files", "page"),
    [("jekyll", JEKYLL, "_posts/2024-05-06-a.md"), ("eleventy", ELEVENTY, "posts/a.md")],
)
def test_permalink_with_a_script_is_no_url_of_a_post(
    engine: str, files: dict[str, str], page: str
) -> None:
    """For engines that publish a permalink as it is."""
    found = url_of(site_of(engine, files), page, permalink="javascript://a/%0aalert(1)")
    assert found == "https://agency.gov/javascript:/a/%0aalert(1)"
