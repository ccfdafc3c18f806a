"""Languages of a site that have folders of their own."""

from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content.test_site_source import at_head
from tests.content_repository import ContentRepository
from tests.sites.written_site import post


def test_languages_of_a_site_have_folders(
    content: ContentRepository, open_source: OpenSource
) -> None:
    """Their posts have that language unless they say another; same places are translations."""
    content.commit(
        {
            "hugo.toml": 'baseURL = "https://agency.gov"\n[languages.en]\n'
            'contentDir = "content/en"\n[languages.fr]\ncontentDir = "content/fr"\n',
            "content/en/news/a.md": post(title="A", date="2024-01-29"),
            "content/fr/news/a.md": post(title="A", date="2024-01-29"),
            "content/fr/news/b.md": post(title="B", date="2024-01-29", lang="de"),
            "content/fr/news/c.md": post(title="C", date="2024-01-29", translationKey="news/a"),
        }
    )
    found = {each.path: each for each in at_head(open_source(left_out())).posts}
    assert {path[8:]: (each.language, each.translation) for path, each in found.items()} == {
        "en/news/a.md": ("en", "news/a"),
        "fr/news/a.md": ("fr", "news/a"),
        "fr/news/b.md": ("de", "news/b"),
        "fr/news/c.md": ("fr", "news/a"),
    }
