"""Pages, files and data of a site that posts refer to."""

import pathlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.content.site_references import SiteReferences, Values
from syndicate.content.site_source import RepositoryFiles, SiteSource, resolve
from syndicate.dialects.document.parser import parse_document
from syndicate.git import Repository
from syndicate.model.post import Path
from tests import samples
from tests.content_repository import ContentRepository

POST = samples.post("_posts/2024-05-01-a.md")
FILE = b"---\ntitle: Own\nlead: Text\ncount: 3\nnothing:\nparts: {one: 1}\nraw: '{{ x }}'\n---\nx\n"


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return an empty repository."""
    return ContentRepository.create(tmp_path / "content")


@pytest.fixture
def repository(content: ContentRepository, tmp_path: pathlib.Path) -> Iterator[Repository]:
    """Return the repository as the service reads it."""
    content.commit({"README.md": "x"})
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors") as opened:
        yield opened


def references(repository: Repository, dialect: str, folder: str = "_posts") -> SiteReferences:
    """Return the references of the source at the head of ``repository``."""
    source = samples.source(dialect=dialect, folders=(Path(folder),), site_url="https://a.gov")
    commit = repository.head()
    found = (
        resolve(source, RepositoryFiles(repository, commit))
        if dialect != "news-and-blog"
        else SiteSource(source=source)
    )
    return SiteReferences(found, repository, commit)


def values(found: SiteReferences, *names: str, path: str = "a.md", data: bytes = FILE) -> Values:
    """Return the values of ``names`` in a post with the content ``data``."""
    document = parse_document(Path(path), data)
    assert document is not None
    return found.values(names, POST, document)


def test_any_number_may_stand_where_one_of_a_list_is_named(
    content: ContentRepository, repository: Repository
) -> None:
    """Also one that Python refuses to read for its length, or written in other digits."""
    content.commit({"_config.yml": "url: https://a.gov\noffices: [Press, News]\n"})
    numbers = ("1", "2", "9" * 5_000, "\u0661")
    names = [f"site.offices[{number}]" for number in numbers]
    assert values(references(repository, "jekyll"), *names) == ((names[0], "News"),)


def test_values_of_the_page_are_plain_text(repository: Repository) -> None:
    """A key without value, and one that is missing, is nil; lists and templates are unknown."""
    found = values(
        references(repository, "jekyll"),
        *("page.lead", "page.count", "page.nothing", "page.missing", "page.parts.one"),
        *("page.parts", "page.raw", "page.content", "page", "lead", "page.parts.two"),
    )
    assert found == (
        ("page.lead", "Text"),
        ("page.count", "3"),
        ("page.nothing", None),
        ("page.missing", None),
        ("page.parts.one", "1"),
    )


def test_values_of_data_files_are_found_by_path(
    content: ContentRepository, repository: Repository
) -> None:
    """A file that cannot be read has none."""
    content.commit(
        {
            "_config.yml": "email: a@b.gov\n",
            "_data/a/b.json": '{"c": {"d": true}}',
            "_data/list.yml": "- x: y\n",
            "_data/bad.yml": "a: [",
        }
    )
    found = values(
        references(repository, "jekyll"),
        *("site.email", "site.data.a.b.c.d", "site.data.list[0].x", "site.data.list[1].x"),
        *("site.data.bad.a", "site.data.none", "site.data.bad.b"),
    )
    assert found == (
        ("site.email", "a@b.gov"),
        ("site.data.a.b.c.d", "true"),
        ("site.data.list[0].x", "y"),
    )


def test_eleventy_looks_in_the_page_first(
    content: ContentRepository, repository: Repository
) -> None:
    """Then in global data; ``page`` has names of its own."""
    content.commit(
        {"_data/lead.json": '"global"', "_data/office.json": '{"name": "East"}', "posts/a.md": FILE}
    )
    found = values(
        references(repository, "eleventy", "posts"),
        *("lead", "office.name", "page.fileSlug", "page.date", "missing"),
    )
    assert found == (("lead", "Text"), ("office.name", "East"), ("page.fileSlug", "a"))


def test_parameter_of_hugo_is_of_the_page_else_of_the_site(
    content: ContentRepository, repository: Repository
) -> None:
    """In any case of letters."""
    content.commit({"hugo.toml": "[params]\nEmail = 'e'\nlead = 's'\n", "content/a.md": FILE})
    found = references(repository, "hugo", "content")
    assert values(found, "param.lead", "param.email", "param.none") == (
        ("param.lead", "Text"),
        ("param.email", "e"),
    )


def test_without_a_site_only_files_and_the_page_are_known(
    content: ContentRepository, repository: Repository
) -> None:
    """Dialects of one site have no engine to ask."""
    content.commit({"assets/form.pdf": "x", "assets/a form #1.pdf": "x", "about.md": "x"})
    found = references(repository, "news-and-blog")
    names = ["assets/form.pdf", "assets/a form #1.pdf", "about.md", "none.pdf"]
    assert found.page_urls(POST, names) == (
        ("assets/form.pdf", "https://a.gov/assets/form.pdf"),
        ("assets/a form #1.pdf", "https://a.gov/assets/a%20form%20%231.pdf"),
    )
    assert values(found, "page.lead", "site.email", "param.lead", "param.none") == (
        ("page.lead", "Text"),
        ("param.lead", "Text"),
    )


def test_page_that_cannot_be_read_has_its_default_url(
    content: ContentRepository, repository: Repository
) -> None:
    """Its front matter is over the limit, or no YAML."""
    content.commit({"about.md": "---\na: [\n---\n", "large.md": "---\na: b\n---\n" + "x" * 300_000})
    found = references(repository, "jekyll")
    for _ in range(2):  # the second time from memory
        assert found.page_urls(POST, ["about.md", "large.md"]) == (
            ("about.md", "https://a.gov/about.md"),
            ("large.md", "https://a.gov/large.md"),
        )


def test_section_without_a_list_page_has_a_url(
    content: ContentRepository, repository: Repository
) -> None:
    """A name that no file has is left out."""
    content.commit({"content/blog/a.md": FILE, "content/blog/sub/b.md": FILE})
    found = references(repository, "hugo", "content/blog")
    post = samples.post("content/blog/a.md")
    assert found.page_urls(post, ["/blog/sub", "/none", "sub/b.md"]) == (
        ("/blog/sub", "https://a.gov/blog/sub/"),
        ("sub/b.md", "https://a.gov/blog/sub/b/"),
    )


def test_no_commit_has_no_files(repository: Repository) -> None:
    """Before the first snapshot."""
    source = replace(SiteSource(source=samples.source()), site=None)
    assert SiteReferences(source, repository, None).page_urls(POST, ["a.pdf"]) == ()
