"""What is announced when the configuration of a site changes what a post shows."""

import pathlib

import pytest

from tests.content_repository import ContentRepository
from tests.publisher.conftest import SETTINGS, post_file
from tests.publisher.test_input_changes import Changes, changes, service_of

pytestmark = pytest.mark.anyio

SITE = SETTINGS.partition('folders = ["news"]')[0] + 'id_authority = "agency.gov"\n'
"""Settings that leave everything to the site."""
CONFIG = "url: https://agency.gov\npermalink: /news/:title/\ntimezone: America/New_York\n"
DEFAULTS = 'defaults: [{scope: {path: ""}, values: {preview: P}}]\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"_config.yml": CONFIG.replace("/news/", "/blog/")},
            [("Ann", ("url",)), ("Bob", ("url",))],
        ),
        ({"_data/authors.yml": "ann: Ann Lee\nbob: Bob\n"}, [("Ann", ("authors",))]),
        (
            {"_data/authors.yml": "ann: {name: Ann, url: https://ann.gov}\nbob: Bob\n"},
            [("Ann", ("authors",))],
        ),
        (
            {"_config.yml": CONFIG + DEFAULTS},
            [("Ann", ("summary",)), ("Bob", ("summary",))],
        ),
        (
            {"_config.yml": CONFIG + DEFAULTS.replace("preview: P", "image: https://a.gov/b.png")},
            [("Ann", ("image",)), ("Bob", ("image",))],
        ),
        (
            {"_config.yml": CONFIG + DEFAULTS.replace("preview: P", "office: Two")},
            [("Bob", ("summary", "words", "markup"))],
        ),
        (
            {"_config.yml": f"{CONFIG}kramdown: {{hard_wrap: true}}\n"},
            [("Ann", ("summary", "words", "markup")), ("Bob", ("summary", "words", "markup"))],
        ),
    ],
)
async def test_changed_configuration_of_the_site_is_announced(
    tmp_path: pathlib.Path,
    files: dict[str, str],
    expected: Changes,
) -> None:
    """For the posts that it governs, with the fields that it decides."""
    site = ContentRepository.create(tmp_path / "content")
    site.commit(
        {
            "_config.yml": CONFIG,
            "_data/authors.yml": "ann: Ann\nbob: Bob\n",
            "_posts/2024-01-02-a.md": post_file("Ann", author="ann"),
            "_posts/2024-01-03-b.md": post_file("Bob", "{{ page.office }}", author="bob"),
        }
    )
    async with service_of(tmp_path, SITE) as service:
        await service.publish()
        site.commit(files)
        assert await changes(service) == expected


async def test_changed_base_url_of_hugo_is_announced(tmp_path: pathlib.Path) -> None:
    """For every post, and for no other field: IDs stay."""
    site = ContentRepository.create(tmp_path / "content")
    config = 'baseURL = "https://agency.gov"\n'
    dated = {"date": "2024-01-02"}
    site.commit(
        {
            "hugo.toml": config,
            "content/posts/a.md": post_file("A", **dated),
            "content/posts/b.md": post_file("B", "[Root](/about/) [rel](../a/)", **dated),
        }
    )
    async with service_of(tmp_path, SITE) as service:
        await service.publish()
        site.commit({"hugo.toml": config.replace("agency.gov", "new.agency.gov/site")})
        assert await changes(service) == [("A", ("url",)), ("B", ("markup", "url"))]
