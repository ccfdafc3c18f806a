"""What posts show from their repository."""

import pytest

from syndicate.content.asset_urls import AssetUrls
from syndicate.content.link_targets import LinkTargets
from syndicate.content.source_index import SourceIndex
from syndicate.model.post import BlobId, Path
from tests import samples
from tests.content.conftest import file
from tests.content_repository import ContentRepository

POST = samples.post("news/2024/one.md")
URL = "https://feeds.example.gov/assets/news"
ASSETS = AssetUrls(
    base_url=URL,
    blobs={
        Path(path): BlobId(path[:1] * 40)
        for path in ("assets/a b.png", "static/sub/c.png", "news/2024/d.png", "_e/e.png", "f.md")
    },
    folders=(Path("news"),),
)


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("/assets/a%20b.png", "assets/a%20b.png"),
        ("assets/a b.png#x", "assets/a%20b.png"),
        ("/sub/c.png", "static/sub/c.png"),
        ("d.png", "news/2024/d.png"),
        ("../../assets/a b.png", "assets/a%20b.png"),
    ],
)
def test_a_file_is_found_where_sites_take_it_from(name: str, served: str) -> None:
    """From the root, from a folder that becomes the root, or beside the post."""
    ((written, address),) = ASSETS.resolve(POST, [name])

    assert written == name
    assert address.partition("?v=")[0] == f"{URL}/{served}"
    assert len(address.partition("?v=")[2]) == 40


@pytest.mark.parametrize(
    "name",
    [
        *("", "#top", "/none.png", "/_e/e.png", "/f.md"),
        *("https://x.example/d.png", "//x.example/d.png", " //[x/d.png"),
    ],
)
def test_other_addresses_stay_as_they_are(name: str) -> None:
    """Files that are not there or not public, and those of other hosts."""
    assert ASSETS.resolve(POST, [name]) == ()


def test_text_and_fields_show_what_is_served(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Only where the source is served so, and by the blob of the commit."""
    commit = content.commit(
        {
            "news/2023-11-06-a.md": file(words="![x](/img/x.png)", image="/img/y.png"),
            "img/x.png": "x",
            "img/y.png": "y",
        }
    )
    (post,) = index.snapshot(index.repository.head()).posts
    (manuscript,) = index.render_inputs([post], LinkTargets(posts=()))
    assert manuscript.asset_urls == ()

    index.serve_assets(URL)
    index.snapshot(index.repository.head())

    (manuscript,) = index.render_inputs([post], LinkTargets(posts=()))
    assert manuscript.asset_urls == tuple(
        (f"/img/{name}", f"{URL}/img/{name}?v={content.git('rev-parse', f'{commit}:img/{name}')}")
        for name in ("x.png", "y.png")
    )
