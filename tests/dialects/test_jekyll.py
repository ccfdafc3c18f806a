"""Jekyll and Eleventy sites: URLs, categories and redirects."""

import pytest

from syndicate.dialects import DIALECTS
from syndicate.model.post import Path
from tests.dialects.factories import fields
from tests.samples import source


@pytest.mark.parametrize(
    ("folder", "path", "front", "url"),
    [
        (
            "_posts",
            "_posts/2024-01-29-A form.md",
            "categories: Web Design",
            "/web/design/2024/01/29/A-form.html",
        ),
        ("_posts", "_posts/2024-1-9-forms.md", "date: 2024-01-09", "/2024/01/09/forms.html"),
        ("_posts", "_posts/2024-01-29-x.md", "slug: Forms", "/2024/01/29/Forms.html"),
        (
            "",
            "blog/_posts/2024-01-29-x.md",
            "category: Web Design",
            "/blog/web%20design/2024/01/29/x.html",
        ),
        ("_news", "_news/deep/2024-01-29-x.md", "a: b", "/news/deep/2024-01-29-x.html"),
        ("content/posts", "content/posts/2024-01-29-x.md", "a: b", "/posts/x/"),
        ("content/posts", "content/posts/2024-1-9-x.md", "date: 2024-01-09", "/posts/2024-1-9-x/"),
        ("content/posts", "content/posts/x/index.md", "date: 2024-01-09", "/posts/x/"),
        ("_posts", "_posts/2024-01-29-x.md", "permalink: /:year/:slug", "/2024/a-title"),
        ("_posts", "_posts/2024-01-29-x.md", "permalink: none", "/x.html"),
    ],
)
def test_folder_decides_on_the_url(folder: str, path: str, front: str, url: str) -> None:
    """Posts have dates, collections paths, other folders the URLs of Eleventy."""
    site = source(folders=(Path(folder),), dialect="jekyll", permalink="")
    found = fields(f"title: A title\n{front}", path=path, folders=(Path(folder),), dialect="jekyll")
    assert found.published
    post_url = DIALECTS["jekyll"].post_url(found, Path(path), site, found.published)
    assert post_url == f"https://www.example.gov{url}"


def test_posts_folder_may_be_nested() -> None:
    """``_posts`` is published although it begins with an underscore; drafts are not."""
    site = source(folders=(Path("."),), dialect="jekyll")
    assert DIALECTS["jekyll"].skip_reason(Path("blog/_posts/2024-01-29-x.md"), site) == ""
    assert (
        DIALECTS["jekyll"].skip_reason(Path("blog/_drafts/x.md"), site) == "_drafts begins with _"
    )


def test_text_of_categories_is_split_at_spaces() -> None:
    """As in Jekyll; a list has whole names."""
    found = fields("categories: web design\ntags: [social media]", dialect="jekyll")
    assert [category.slug for category in found.categories] == ["web", "design", "social-media"]
    assert found.permalink_categories == ("web", "design")


def test_redirects_are_read() -> None:
    """``redirect_from`` is a text or a list."""
    assert fields("redirect_from: /old", dialect="jekyll").redirects == ("/old",)
    assert fields("redirect_from: [/a, /b]", dialect="jekyll").redirects == ("/a", "/b")
