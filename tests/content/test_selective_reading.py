"""A change of a site's configuration reads again only the files that it decides something about."""

import pytest

from syndicate import telemetry
from tests.content.conftest import counter_value
from tests.content.site_index import Open, content, open_index
from tests.content.test_site_source import CONFIG, at_head
from tests.content_repository import Content, ContentRepository
from tests.sites.written_site import post

__all__ = ["content", "open_index"]

DEFAULTS = "defaults: [{scope: {path: _posts/a}, values: {x: y}}]\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"_config.yml": CONFIG.replace("/news/", "/blog/")}, 0),
        ({"_config.yml": f"{CONFIG}title: Other\n"}, 0),
        ({"_data/authors.yml": "ann: Ann Lee\nbob: Bob\n"}, 1),
        ({"_data/authors.yml": None}, 2),
        ({"_config.yml": CONFIG + DEFAULTS}, 1),
        ({"_config.yml": f"{CONFIG}exclude: [_posts/a]\n"}, 1),
        ({"_config.yml": CONFIG.replace("New_York", "Chicago")}, 3),
    ],
)
def test_a_change_of_the_configuration_reads_only_what_it_governs_again(
    content: ContentRepository, open_index: Open, files: dict[str, Content], count: int
) -> None:
    """URLs need no file to be read; authors only the files that name them.

    A time zone governs the date of every post that is there: when the 30 removed ones left feeds
    stays as it was recorded.
    """
    content.commit(
        {f"_posts/2024-05-06-p{number}.md": None for number in range(30)}
        | {
            "_config.yml": CONFIG,
            "_data/authors.yml": "ann: Ann\nbob: Bob\n",
            "_posts/a/2024-05-06-a.md": post(title="A", author="ann"),
            "_posts/b/2024-05-06-b.md": post(title="B", author="bob"),
            "_posts/b/2024-05-07-c.md": post(title="C", author="Cy Lee"),
        }
    )
    index = open_index()
    at_head(index)
    before = counter_value(telemetry.posts_parsed_total, source="news")
    content.commit(files)
    at_head(index)
    assert counter_value(telemetry.posts_parsed_total, source="news") - before == count
