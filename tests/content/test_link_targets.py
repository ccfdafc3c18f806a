"""What internal links lead to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.content.link_targets import AssetUrls, LinkTargets
from syndicate.model.post import BlobId, Path
from tests import samples
from tests.content.conftest import OpenIndex, file
from tests.content_repository import ContentRepository

OTHER = samples.post("news/2024/2024-02-01-other.md", url="https://www.example.gov/other")
BUNDLE = samples.post("news/bundle/index.md", url="https://www.example.gov/bundle/")
HERE = samples.post("news/2024/2024-03-01-here.md")
TARGETS = LinkTargets(posts=(OTHER, BUNDLE, HERE))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("news/2024/2024-02-01-other.md", "https://www.example.gov/other"),
        ("/news/2024/2024-02-01-other", "https://www.example.gov/other"),
        ("2024-02-01-other.md", "https://www.example.gov/other"),
        ("./2024-02-01-other.md", "https://www.example.gov/other"),
        ("../bundle/index.md", "https://www.example.gov/bundle/"),
        ("bundle", "https://www.example.gov/bundle/"),
        ("2024-02-01-other#part", "https://www.example.gov/other#part"),
    ],
)
def test_a_post_is_found_by_path_or_name(name: str, address: str) -> None:
    """From the root, from the folder, or by the bare name; a fragment stays."""
    assert TARGETS.resolve(HERE, [name]) == ((name, address),)


def test_what_is_no_post_is_left_out() -> None:
    """An image or a page of the site keeps the address it has."""
    assert TARGETS.resolve(HERE, ["missing.md", "picture.png", "", "/"]) == ()


def test_the_next_targets_are_the_same_as_made_anew() -> None:
    """Posts that come, go and are called otherwise, whatever was looked up before."""
    moved = replace(OTHER, path=Path("news/2024/2024-02-01-moved.md"))
    same = samples.post(
        "news/2024/2024-02-01-other.html",
        url="https://www.example.gov/newer",
        published=OTHER.published + timedelta(days=1),
    )
    names = ["2024-02-01-other", "2024-02-01-moved", "bundle", "2024-03-01-here", "x"]
    targets = LinkTargets(posts=())
    assert (
        targets.updated((HERE,)).resolve(HERE, names)
        == LinkTargets(posts=(HERE,)).resolve(HERE, names)
        != ()
    )
    versions = [(HERE,), (OTHER, BUNDLE, HERE), (OTHER, same, HERE), (moved, same), (), (OTHER,)]
    for posts in versions:
        targets = targets.updated(posts)
        assert targets.resolve(HERE, names) == LinkTargets(posts=posts).resolve(HERE, names)
        assert targets.updated(targets.posts) is targets


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
    content: ContentRepository, open_index: OpenIndex
) -> None:
    """Only where the source is served so, and by the blob of the commit."""
    commit = content.commit(
        {
            "news/2023-11-06-a.md": file(words="![x](/img/x.png)", image="/img/y.png"),
            "img/x.png": "x",
            "img/y.png": "y",
        }
    )
    index = open_index()
    (post,) = index.snapshot(index.repository.head()).posts

    (manuscript,) = index.render_inputs([post], LinkTargets(posts=()))
    assert manuscript.asset_urls == ()

    index = open_index(assets_url=URL)
    index.snapshot(index.repository.head())

    (manuscript,) = index.render_inputs([post], LinkTargets(posts=()))
    assert manuscript.asset_urls == tuple(
        (f"/img/{name}", f"{URL}/img/{name}?v={content.git('rev-parse', f'{commit}:img/{name}')}")
        for name in ("x.png", "y.png")
    )
