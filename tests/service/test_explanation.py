"""What explanations say about files that are no posts, and about many files of one name."""

import html
import pathlib
import re

import pytest

from syndicate.model.explanation import Explanation
from syndicate.render.pages.editor_pages import ReportForm, explain_page
from syndicate.service.content_service import ContentService
from syndicate.service.explanation import explain_posts
from syndicate.settings import load
from tests import samples
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool

SETTINGS = """
[[sources]]
name = "site"
repository = "content"
dialect = "{dialect}"
folders = ["{folder}"]
site_url = "https://www.example.gov"
"""
JEKYLL_POST = "_posts/2024-01-05-a.md"
HUGO_POST = "content/posts/a.md"
HUGO_SITE = {"hugo.toml": "baseURL = 'https://www.example.gov'\n"}
ELEVENTY_POST = "posts/2024-01-05-a.md"
FOLDERS = {"jekyll": "_posts", "hugo": "content/posts", "eleventy": "posts"}
IN_FILE = "Not published: the front matter sets {} to {} (line {}). Remove that key"
ELSEWHERE = "Not published: {} ({}). The front matter of the post itself does not say so."


def explained(
    folder: pathlib.Path, dialect: str, files: dict[str, str], text: str
) -> tuple[Explanation, ...]:
    """Return the explanations of what ``text`` names in a site with ``files``."""
    ContentRepository.create(folder / "content").commit(dict(files))
    settings = folder / "syndicate.toml"
    settings.write_text(SETTINGS.format(dialect=dialect, folder=FOLDERS[dialect]))
    with ContentService(load(settings, {}), render_pool=render_pool()) as content_service:
        return explain_posts(content_service, content_service.edition(), text)


def lead_of(explanation: Explanation) -> str:
    """Return the first words of the page on a file."""
    page = explain_page(samples.SERVICE_INFO, ReportForm(text="a"), [(explanation, None)])
    lead = page.partition('<p class="lead">')[2].partition("</p>")[0]
    return html.unescape(re.sub(r"<[^>]*>", "", lead))


@pytest.mark.parametrize(
    ("dialect", "files", "path", "expected"),
    [
        (
            "jekyll",
            {"_config.yml": "", JEKYLL_POST: "---\ntitle: A\npublished: false\n---\nWords.\n"},
            JEKYLL_POST,
            IN_FILE.format("published", "false", 3),
        ),
        (
            "jekyll",
            {
                "_config.yml": "defaults: [{scope: {path: ''}, values: {published: false}}]\n",
                JEKYLL_POST: "---\ntitle: A\n---\nWords.\n",
            },
            JEKYLL_POST,
            ELSEWHERE.format("published: false", "defaults[0] in _config.yml"),
        ),
        (
            "hugo",
            {**HUGO_SITE, HUGO_POST: "+++\ntitle = 'A'\ndraft = true\n+++\nWords.\n"},
            HUGO_POST,
            IN_FILE.format("draft", "true", 3),
        ),
        (
            "hugo",
            {**HUGO_SITE, HUGO_POST: "---\ntitle: A\nbuild:\n  render: never\n---\nWords.\n"},
            HUGO_POST,
            IN_FILE.format("build.render", "never", 3),
        ),
        (
            "hugo",
            {**HUGO_SITE, HUGO_POST: "---\ntitle: A\nheadless: true\n---\nWords.\n"},
            HUGO_POST,
            IN_FILE.format("headless", "true", 3),
        ),
        (
            "hugo",
            {
                "hugo.toml": HUGO_SITE["hugo.toml"] + "[cascade.build]\nrender = 'never'\n",
                HUGO_POST: "---\ntitle: A\n---\nWords.\n",
            },
            HUGO_POST,
            ELSEWHERE.format("build.render: never", "cascade in hugo.toml"),
        ),
        (
            "eleventy",
            {
                ".eleventy.js": "",
                "posts/posts.json": '{"draft": true}',
                ELEVENTY_POST: "---\ntitle: A\n---\nWords.\n",
            },
            ELEVENTY_POST,
            ELSEWHERE.format("draft: true", "posts/posts.json"),
        ),
        (
            "jekyll",
            {"_config.yml": "exclude: [_posts]\n", JEKYLL_POST: "---\ntitle: A\n---\nWords.\n"},
            JEKYLL_POST,
            "Not published: excluded by the configuration of the site.",
        ),
    ],
)
def test_key_that_hides_a_post_is_where_the_page_says(
    tmp_path: pathlib.Path, dialect: str, files: dict[str, str], path: str, expected: str
) -> None:
    """Editors remove a key that is in the file, and no other."""
    (explanation,) = explained(tmp_path, dialect, files, path)

    assert lead_of(explanation).startswith(expected)


def test_first_files_of_a_name_are_explained(tmp_path: pathlib.Path) -> None:
    """Of a site with a bundle for each post; each has its own problems."""
    bundles = {
        f"content/posts/{number:02}/index.md": f"---\ntitle: A {number}\n---\n[x](no.md)\n"
        for number in range(23)
    }
    found = explained(tmp_path, "hugo", HUGO_SITE | bundles, "index.md")
    page = explain_page(
        samples.SERVICE_INFO, ReportForm(text="index.md"), [(each, None) for each in found]
    )

    assert len({explanation.path for explanation in found}) == 20
    for explanation in found:
        assert {problem.path for problem in explanation.problems} == {explanation.path}
        assert "relative-link" in {problem.rule for problem in explanation.problems}
    assert "And 3 other files of this name." in page


def test_sources_with_one_path_have_their_own_problems(tmp_path: pathlib.Path) -> None:
    """A path may exist in several sources."""
    ContentRepository.create(tmp_path / "content").commit({JEKYLL_POST: "---\ntitle: A\n---\nA.\n"})
    other = ContentRepository.create(tmp_path / "other")
    other.commit({JEKYLL_POST: "---\ntitle: A\n---\n[x](no.md)\n"})
    first = SETTINGS.format(dialect="jekyll", folder="_posts")
    second = first.replace('"site"', '"other"').replace('"content"', '"other"')
    (tmp_path / "syndicate.toml").write_text(first + second)
    with ContentService(
        load(tmp_path / "syndicate.toml", {}), render_pool=render_pool()
    ) as content_service:
        found = explain_posts(content_service, content_service.edition(), JEKYLL_POST)

    rules = {each.source: {problem.rule for problem in each.problems} for each in found}
    assert "relative-link" in rules["other"] - rules["site"]
