"""Hugo sites: URLs, dates, hidden pages, and all front-matter syntaxes."""

import pytest

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import parse_document
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path
from tests.dialects.factories import fields
from tests.samples import source

FOLDERS = (Path("content/news"),)


@pytest.mark.parametrize(
    ("path", "front", "pattern", "url"),
    [
        ("content/news/2024/Shorter Forms.md", "a: b", "", "/news/2024/shorter-forms/"),
        ("content/news/2024/forms/index.md", "a: b", "", "/news/2024/forms/"),
        ("content/news/forms.md", "slug: shorter", "", "/news/shorter/"),
        ("content/news/forms.es.md", "a: b", "", "/es/news/forms/"),
        ("content/news/forms.en.md", "a: b", "", "/news/forms/"),
        ("content/news/node.js.md", "a: b", "", "/news/node.js/"),
        ("content/news/forms.md", "url: /elsewhere/", "", "/elsewhere/"),
        ("content/news/a/b/forms.md", "a: b", "/:sections[1:]/:filename/", "/a/b/forms/"),
        ("content/news/a/forms.md", "a: b", "/:section/:contentbasename", "/news/forms"),
        ("content/news/forms.md", "a: b", "/:year/:month/:title/", "/2024/01/its-shorter-really/"),
        ("content/news/forms.md", "slug: s", "/:slug/:slugorcontentbasename", "/s/s"),
    ],
)
def test_url_follows_folders_or_permalink(path: str, front: str, pattern: str, url: str) -> None:
    """URLs have sections, bundles, slugs, languages, and Hugo's placeholders."""
    site = source(folders=FOLDERS, dialect="hugo", permalink=pattern)
    found = fields(
        f"title: It's shorter - really!\ndate: 2024-01-29\n{front}",
        path=path,
        folders=FOLDERS,
        dialect="hugo",
    )
    assert found.published
    post_url = DIALECTS["hugo"].post_url(found, Path(path), site, found.published)
    assert post_url == f"https://www.example.gov{url}"


def test_folder_need_not_be_called_content() -> None:
    """All folders are sections then; a post outside of folders has none."""
    site = source(folders=(Path("."),), dialect="hugo", permalink="")
    found = fields("date: 2024-01-29", dialect="hugo", folders=(Path("."),), path="docs/a.md")
    assert found.published
    style = DIALECTS["hugo"]
    assert style.post_url(found, Path("docs/a.md"), site, found.published).endswith(".gov/docs/a/")
    assert style.post_url(found, Path("a.md"), site, found.published).endswith(".gov/a/")


def test_publish_date_precedes_date() -> None:
    """Keys are case-insensitive, for the expiry as well."""
    found = fields(
        "date: 2024-01-01\nPublishDate: 2024-02-01\nexpirydate: 2024-03-01", dialect="hugo"
    )
    assert found.published
    assert found.published.date().isoformat() == "2024-02-01"
    assert found.expires
    assert found.expires.date().isoformat() == "2024-03-01"


def test_toml_with_real_types_is_read() -> None:
    """Dates, booleans and lists of TOML have the same meaning as in YAML."""
    data = (
        b"+++\ntitle = 'Forms'\ndate = 2024-01-29T09:30:00-05:00\nlastmod = 2024-02-01\n"
        b"draft = true\nweight = 10\naliases = ['/old/']\ntags = ['web design']\n"
        b"[cover]\nimage = 'a.png'\nalt = 'A form'\n+++\n"
    )
    path = Path("content/news/forms/index.md")
    document = parse_document(path, data)
    assert document
    found = DIALECTS["hugo"].read_fields(
        document, source(folders=FOLDERS, dialect="hugo"), Vocabulary()
    )
    assert found.published
    assert found.published.isoformat() == "2024-01-29T09:30:00-05:00"
    assert (found.precision, found.hidden_reason) == ("second", "draft: true")
    assert found.redirects == ("/old/",)
    assert [category.slug for category in found.categories] == ["web-design"]
    assert (found.image, found.image_alt) == ("a.png", "A form")
    assert dict(found.origins)["image"] == "key cover, line 9"


def test_list_pages_and_headless_bundles_are_not_posts() -> None:
    """``_index.md`` is a list page; a headless bundle has no page."""
    site = source(folders=FOLDERS, dialect="hugo")
    skipped = DIALECTS["hugo"].skip_reason(Path("content/news/_index.md"), site)
    assert skipped == "_index.md begins with _"
    assert fields("headless: true", dialect="hugo").hidden_reason == "headless: true"


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("build:\n  list: never", "build.list: never"),
        ("build:\n  render: never", "build.render: never"),
        ("_build:\n  list: never", "_build.list: never"),
        ("_build: {render: false}", "_build.render: false"),
        ("build: {render: False, list: always}", "build.render: false"),
        ("build: {list: 0}", "build.list: 0"),
        ("Build: {List: never}", "Build.List: never"),
        ("build: {list: local, render: never}", "build.render: never"),
        ("build: {list: always}\n_build: {list: never}", "_build.list: never"),
        ("draft: false\nheadless: true", "headless: true"),
        ("build: {list: local}", ""),
        ("build: {render: link}", ""),
        ("build: {list: always, render: true}", ""),
        ("build: {list: Never}", ""),
        ("build: {publishResources: false}", ""),
        ("build: never", ""),
        ("build:", ""),
        ("list: never\nrender: never", ""),
        ("eleventyExcludeFromCollections: true", ""),
    ],
)
def test_build_options_hide_what_hugo_neither_renders_nor_lists(front: str, reason: str) -> None:
    """As in Hugo 0.168 and 0.111; a page that is in a list is a post."""
    assert fields(front, dialect="hugo").hidden_reason == reason


@pytest.mark.parametrize("value", ["false", "'never'"])
def test_build_options_of_toml_hide_a_page(value: str) -> None:
    """Booleans of TOML are native."""
    data = f"+++\ntitle = 'A'\n[build]\nlist = {value}\n+++\n".encode()
    document = parse_document(Path("content/news/a.md"), data)
    assert document
    found = DIALECTS["hugo"].read_fields(
        document, source(folders=FOLDERS, dialect="hugo"), Vocabulary()
    )
    assert found.hidden_reason == "build.list: " + value.strip("'")
