"""Jekyll and Eleventy sites are served from where their own engines would publish."""

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
def test_the_folder_decides_where_a_post_goes(folder: str, path: str, front: str, url: str) -> None:
    """Posts by date, collections by path, plain folders as Eleventy does."""
    site = source(folders=(Path(folder),), dialect="jekyll", permalink="")
    found = fields(f"title: A title\n{front}", path=path, folders=(Path(folder),), dialect="jekyll")
    assert found.published
    address = DIALECTS["jekyll"].post_url(found, Path(path), site, found.published)
    assert address == f"https://www.example.gov{url}"


def test_posts_may_lie_in_a_folder_of_posts_below() -> None:
    """``_posts`` is the one underscored folder that is published; drafts are not."""
    site = source(folders=(Path("."),), dialect="jekyll")
    assert DIALECTS["jekyll"].skip_reason(Path("blog/_posts/2024-01-29-x.md"), site) == ""
    assert (
        DIALECTS["jekyll"].skip_reason(Path("blog/_drafts/x.md"), site) == "_drafts begins with _"
    )


def test_a_text_of_categories_is_a_list_of_words() -> None:
    """As in Jekyll; a list holds whole names."""
    found = fields("categories: web design\ntags: [social media]", dialect="jekyll")
    assert [category.slug for category in found.categories] == ["web", "design", "social-media"]
    assert found.permalink_categories == ("web", "design")


def test_former_addresses_are_kept() -> None:
    """``redirect_from`` is a text or a list."""
    assert fields("redirect_from: /old", dialect="jekyll").redirects == ("/old",)
    assert fields("redirect_from: [/a, /b]", dialect="jekyll").redirects == ("/a", "/b")
