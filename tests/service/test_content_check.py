"""What is wrong with a whole edition."""

import pathlib

from syndicate.model.edition import Problem
from syndicate.service.content_check import check_edition
from syndicate.service.content_service import ContentService
from tests.content_repository import ContentRepository
from tests.render_pool import render_pool
from tests.service.conftest import FIRST, SECOND, SETTINGS, settings


def found(file: pathlib.Path, path: str = "") -> list[Problem]:
    """Return what is wrong with the files whose path begins with ``path``."""
    with ContentService(settings(file), render_pool=render_pool()) as content_service:
        return list(
            check_edition(
                content_service, content_service.edition(), lambda each: each.startswith(path)
            )
        )


def places(problems: list[Problem]) -> list[tuple[str, str, int]]:
    """Return rule, file and line of each."""
    return [(problem.rule, problem.path, problem.line) for problem in problems]


def test_problems_are_sorted_by_line(
    settings_file: pathlib.Path, content: ContentRepository
) -> None:
    """Front matter, summary and text of a file, each with its line."""
    content.commit(
        {
            FIRST: "---\ntitle: a <b>b</b>\ncarousel_summary: '[](/x)'\nimage: /news/no.png\n"
            "image_alt: A lake\ncarousel_show: true\n---\n[x](no.md) [](/x)\n",
            SECOND: "---\ntitle: [\n---\n",
        }
    )

    problems = found(settings_file)

    assert places(problems) == [
        ("title-markup", FIRST, 2),
        ("empty-link", FIRST, 3),
        ("missing-file", FIRST, 4),
        ("relative-link", FIRST, 8),
        ("empty-link", FIRST, 8),
        ("front-matter", SECOND, 2),
    ]
    assert found(settings_file, SECOND) == problems[-1:]


def test_url_of_two_sources_is_reported(settings_file: pathlib.Path) -> None:
    """Both posts are served; the URL leads to one of them."""
    source = SETTINGS[SETTINGS.index("[[sources]]") : SETTINGS.index("[[categories]]")]
    settings_file.write_text(SETTINGS + source.replace('"news"', '"other"', 1))

    problems = found(settings_file)

    assert {(problem.rule, problem.path) for problem in problems} == {
        ("duplicate-address", FIRST),
        ("duplicate-address", SECOND),
    }
    assert len({problem.source for problem in problems}) <= 2
