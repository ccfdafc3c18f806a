"""What `init` learns from the feed that a site has now."""

from pathlib import Path

import pytest

from syndicate.cli.init.published_feeds import ListedPost, PublishedFeed, find_feed
from syndicate.sites.site import Site
from tests.cli.conftest import Run
from tests.content_repository import ContentRepository
from tests.sites.written_site import WrittenFiles

POSTS = (
    ListedPost(path="a.md", url="https://www.agency.gov/2024/a.html", jekyll_id="https://j/2024/a"),
    ListedPost(path="b.md", url="https://www.agency.gov/2024/b%20c/", jekyll_id="https://j/2024/b"),
)
JEKYLL_TEMPLATE = """---
layout: null
---
<feed xmlns="http://www.w3.org/2005/Atom"><id>{{ site.url }}</id>
{% for post in site.posts %}<entry><id>{{ site.url }}IDENTITY</id></entry>{% endfor %}</feed>
"""


def feed_of(files: dict[str, str], engine: str = "jekyll", root: str = "") -> PublishedFeed | None:
    """Return the feed that a site with ``files`` has."""
    return find_feed(Site(engine=engine, root=root), POSTS, WrittenFiles(files))


def rss(*entries: tuple[str, str]) -> str:
    """Return a feed with entries of ID and URL."""
    items = "".join(f"<item><guid>{i}</guid><link>{url}</link></item>" for i, url in entries)
    return f"<rss><channel>{items}</channel></rss>"


@pytest.mark.parametrize(
    ("ids", "rule"),
    [
        (("https://www.agency.gov/2024/a.html", "https://www.agency.gov/2024/b%20c/"), "url"),
        (("https://j/2024/a", "https://j/2024/b"), "jekyll-feed"),
        (("17", "18"), None),
    ],
)
def test_entries_are_compared_with_the_posts(ids: tuple[str, str], rule: str | None) -> None:
    """By host and path of their URLs, regardless of scheme, www and escaping."""
    urls = ("http://agency.gov/2024/a.html", "https://www.agency.gov/2024/b c/")
    entries = [*zip(ids, urls, strict=True), ("19", "https://agency.gov/gone"), ("20", "//[bad")]
    assert feed_of({"feed.xml": rss(*entries)}) == PublishedFeed(
        name="feed.xml",
        ids=rule,  # type: ignore[arg-type]
        entries=4,
        matched=2,
        unmatched=("https://agency.gov/gone", "//[bad"),
    )


def test_feed_with_the_most_posts_counts() -> None:
    """Files of others, and pages about feeds, are none."""
    both = rss(*((post.url, post.url) for post in POSTS))
    one = rss((POSTS[0].url, POSTS[0].url))
    found = feed_of(
        {
            "a/feed.xml": one,
            "b/index.xml": both,
            "node_modules/x/feed.xml": both * 2,
            "feed.md": both,
            "elsewhere.xml": both,
        }
    )
    assert found is not None
    assert (found.name, found.matched) == ("b/index.xml", 2)


@pytest.mark.parametrize(
    ("identity", "rule"),
    [
        ("{{ post.id }}", "jekyll-feed"),
        ("{{ post.url }}", "url"),
        ("{{ absolutePostUrl }}", "url"),
        ("{{ .Permalink }}", "url"),
        ("{{ post.uuid }}", None),
    ],
)
def test_template_of_a_feed_tells_the_rule(identity: str, rule: str | None) -> None:
    """By what it makes the ID of an entry of, not of the feed."""
    found = feed_of({"atom.xml": JEKYLL_TEMPLATE.replace("IDENTITY", identity)})
    assert found == (PublishedFeed(name="atom.xml", ids=rule) if rule else None)  # type: ignore[arg-type]


def test_end_tag_without_a_start_tag_is_passed_over() -> None:
    """A template may close an entry that another file of the site opened."""
    template = JEKYLL_TEMPLATE.replace("IDENTITY", "{{ post.id }}")
    broken = template.replace("<entry>", "</entry></id></id><entry>")
    assert feed_of({"atom.xml": broken}) == PublishedFeed(name="atom.xml", ids="jekyll-feed")
    assert feed_of({"atom.xml": template.replace("<entry>", "")}) is None


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("feed.xml", "<item " * 170_000),
        ("feed.xml", "<item>" + "<guid " * 170_000 + "</guid></item>"),
        ("_config.yml", "\n" * 1_000_000),
    ],
)
def test_time_is_proportional_to_the_size_of_a_file(name: str, text: str) -> None:
    """Also where tags do not end; a quadratic search would take minutes."""
    assert feed_of({name: text}) is None


@pytest.mark.parametrize(
    ("engine", "files", "rule"),
    [
        ("jekyll", {"docs/_config.yml": "plugins:\n  - jekyll-feed\n"}, "jekyll-feed"),
        ("jekyll", {"docs/Gemfile": 'gem "jekyll-feed", "~> 0.12"\n'}, "jekyll-feed"),
        ("jekyll", {"docs/_config.yml": "plugins:\n#  - jekyll-feed\n"}, None),
        ("jekyll", {"_config.yml": "plugins: [jekyll-feed]\n"}, None),
        ("hugo", {}, "url"),
        ("docusaurus", {}, "url"),
        ("eleventy", {"docs/package.json": '{"x": {"@11ty/eleventy-plugin-rss": "1"}}'}, "url"),
        ("eleventy", {}, None),
        ("astro", {"docs/package.json": '{"x": {"@astrojs/rss": "4"}}'}, "url"),
        ("zola", {}, None),
    ],
)
def test_engine_or_its_package_tells_the_rule(
    engine: str, files: dict[str, str], rule: str | None
) -> None:
    """Where the repository has neither a feed nor a template of one."""
    found = feed_of(files, engine, "docs")
    assert (found.ids if found else None) == rule


def test_init_proposes_the_ids_that_readers_know(run: Run, tmp_path: Path) -> None:
    """As a comment, since a service that takes over no feed needs no such IDs."""
    made = ContentRepository.create(tmp_path / "site")
    config = "url: https://agency.gov\npermalink: /:title/\n"
    page = "---\ntitle: A\n---\nWords.\n"
    url, gone = "https://agency.gov/a/", "https://agency.gov/gone/"
    made.commit(
        {
            "_config.yml": config,
            "_posts/2024-05-06-a.md": page,
            "feed.xml": rss((url, url), (gone, gone)),
        }
    )
    out = tmp_path / "syndicate.toml"

    outcome = run("init", made.path, "--out", out)

    assert outcome.code == 0
    assert "compared with feed.xml: 1 of 2 entries have a post" in outcome.err
    assert f"no post has the URL of an entry: {gone}" in outcome.err
    assert 'know posts by other IDs: to take over that feed, set ids = "url"' in outcome.err
    assert '# ids = "url"\n' in out.read_text()

    made.commit({"feed.xml": rss(("7", url))})
    out.unlink()
    assert "the IDs in feed.xml follow no known rule" in run("init", made.path, "--out", out).err
    assert "# ids" not in out.read_text()

    made.commit({"feed.xml": rss(("8", gone))})
    out.unlink()
    assert "the IDs in feed.xml" not in run("init", made.path, "--out", out).err


@pytest.mark.slow
def test_init_proposes_the_key_of_an_import_from_wordpress(run: Run, tmp_path: Path) -> None:
    """What its feed had as guid."""
    made = ContentRepository.create(tmp_path / "site")
    page = "---\ntitle: A\nwordpress_url: https://agency.gov/?p=7\n---\nWords.\n"
    made.commit({"_config.yml": "url: https://agency.gov\n", "_posts/2024-05-06-a.md": page})
    out = tmp_path / "syndicate.toml"

    assert run("init", made.path, "--out", out).code == 0
    out.write_text(out.read_text().replace("# keys.guid", "keys.guid"))

    assert '"id":"https://agency.gov/?p=7"' in run("show", "all", "--config", out).out
