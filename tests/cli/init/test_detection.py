"""What a repository seems to be."""

from collections.abc import Mapping

import pytest

from syndicate.cli.init.detection import DetectedSettings, detect
from syndicate.model.post import Path


def post(title: str = "A title", **keys: str) -> str:
    """Return a dated post."""
    head = "".join(f"{key}: {value}\n" for key, value in {"date": "2024-01-29", **keys}.items())
    return f"---\ntitle: {title}\n{head}---\nWords.\n"


def guessed(files: Mapping[str, str]) -> DetectedSettings:
    """Return what a repository of ``files`` seems to be."""
    contents = {Path(path): text.encode() for path, text in files.items()}
    return detect(contents, contents)


def test_folders_are_those_of_dated_pages() -> None:
    """Without years and bundles, inner ones with their outer; drafts and other pages are not."""
    found = guessed(
        {
            "_posts/2024-01-29-a.md": "---\nlayout: post\n---\nWords.\n",
            "_posts/sub/2024-01-30-b.md": post(),
            "blog/2024/05/c.md": post(),
            "blog/2023/bundle/index.md": post(),
            "blog/deep/d.md": post(),
            "_drafts/e.md": post(),
            "about/f.md": "---\ntitle: About\n---\nWords.\n",
            "README.md": "# About",
            "blog/broken.md": "---\ntitle: [\n---\n",
        }
    )

    assert found.folders == ("_posts", "blog")
    assert found.left_out == ("_drafts",)


def test_the_root_can_be_a_folder_of_posts() -> None:
    """Then everything below belongs to it."""
    found = guessed({"a.md": post(), "2024/b.md": post(), "more/c.md": post()})

    assert found.folders == (".",)
    assert found.left_out == ()


def test_a_repository_without_posts_has_no_folders() -> None:
    """And nothing to guess from."""
    found = guessed({"README.md": "# About"})

    assert (found.folders, found.categories, found.permalink) == ((), (), "")


@pytest.mark.parametrize(
    ("files", "dialect", "reason"),
    [
        ({"n/2024-01-01-a.md": post(carousel_show="true")}, "news-and-blog", "carousel_show"),
        ({"u/a.md": post(preview="x")}, "program-updates", "preview"),
        ({"content/b/a.md": post(), "hugo.toml": 'title = "x"'}, "hugo", "hugo.toml"),
        ({"_posts/a.md": post(), "_config.yml": "title: x"}, "jekyll", "_config.yml"),
        ({"posts/a.md": post(), ".eleventy.js": ""}, "jekyll", ".eleventy.js"),
        ({"posts/a.md": post()}, "jekyll", "default"),
    ],
)
def test_dialect_is_detected_from_keys_and_configuration(
    files: Mapping[str, str], dialect: str, reason: str
) -> None:
    """Keys take precedence: both first dialects are of Jekyll sites."""
    found = guessed(files)

    assert found.dialect == dialect
    assert reason in found.reasons["dialect"]


def test_the_settings_of_a_jekyll_site_are_read() -> None:
    """Address, title, zone, language, and the permalink of the collection."""
    config = """---
title: The agency
url: https://www.example.gov/
timezone: America/New_York
lang: es
collections:
  updates:
    permalink: /updates/:name/
"""
    found = guessed({"_updates/a.md": post(), "_config.yml": config})

    assert (found.site_url, found.title) == ("https://www.example.gov", "The agency")
    assert (found.timezone, found.language) == ("America/New_York", "es")
    assert found.permalink == "/updates/:name/"
    assert found.reasons["permalink"] == "collections.updates in _config.yml"


def test_the_settings_of_a_hugo_site_are_read() -> None:
    """Whatever notation they are in; what cannot be used is passed over."""
    config = 'baseURL = "https://example.gov/"\ntimeZone = "Nowhere"\nlanguageCode = "en-US"\n'
    found = guessed(
        {
            "content/blog/a.md": post(),
            "config.toml": config + '[permalinks]\nblog = "/:year/:slug/"\n',
            "_config.yml": "title: [",
            "hugo.toml": "",
        }
    )

    assert (found.site_url, found.timezone, found.language) == (
        "https://example.gov",
        "",
        "en-US",
    )


@pytest.mark.parametrize(
    ("files", "url"),
    [
        ({"CNAME": "Posts.Example.gov\n"}, "https://posts.example.gov"),
        (
            {"CNAME": "?", "package.json": '{"homepage": "https://example.gov/"}'},
            "https://example.gov",
        ),
        ({"package.json": "{"}, ""),
        ({"package.json": "[]"}, ""),
        ({"package.json": '{"homepage": 1}'}, ""),
        ({"_config.yml": "url: http://["}, ""),
    ],
)
def test_site_url_is_detected_from_other_files(files: Mapping[str, str], url: str) -> None:
    """From CNAME and package.json."""
    assert guessed({"_posts/a.md": post(), **files}).site_url == url


def test_permalink_is_detected_from_file_names() -> None:
    """If the configuration has none; ``_posts`` has the pattern of the site."""
    days = guessed({"posts/2024-01-29-a.md": post()})
    site = guessed({"_posts/2024-01-29-a.md": post(), "_config.yml": "permalink: pretty"})
    none = guessed({"posts/a.md": post()})

    assert days.permalink == "/:year/:month/:day/:title/"
    assert site.permalink == "pretty"
    assert none.permalink == ""


def test_the_language_is_that_of_most_posts() -> None:
    """A translation here and there does not make it."""
    spanish = {f"posts/{n}.md": post(lang="es") for n in range(3)}

    assert guessed({**spanish, "posts/x.md": post()}).language == "es"
    assert guessed({"posts/a.md": post(), "posts/b.md": post(), **spanish}).language == "es"
    assert guessed({"posts/1.md": post(lang="es"), "posts/x.md": post()}).language == ""


def test_frequent_categories_are_detected() -> None:
    """The most frequent first."""
    files = {f"posts/{n}.md": post(tags="[open data, Design]") for n in range(3)}
    files |= {f"posts/x{n}.md": post(tags="[Open Data, año]") for n in range(4)}

    found = guessed({**files, "posts/y.md": post(tags="[rare, '!']")})

    assert [(each.slug, each.title) for each in found.categories] == [
        ("open-data", "Open Data"),
        ("design", "Design"),
    ]
