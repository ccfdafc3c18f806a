"""URLs of internal links and served files."""

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
    ("name", "url"),
    [
        ("news/2024/2024-02-01-other.md", "https://www.example.gov/other"),
        ("/news/2024/2024-02-01-other", "https://www.example.gov/other"),
        ("2024-02-01-other.md", "https://www.example.gov/other"),
        ("./2024-02-01-other.md", "https://www.example.gov/other"),
        ("../bundle/index.md", "https://www.example.gov/bundle/"),
        ("bundle", "https://www.example.gov/bundle/"),
        ("2024-02-01-other#part", "https://www.example.gov/other#part"),
        ("2024-02-01-other.md?a=b#part", "https://www.example.gov/other?a=b#part"),
        ("@/news/bundle/index.md", "https://www.example.gov/bundle/"),
    ],
)
def test_link_resolves_by_path_or_name(name: str, url: str) -> None:
    """A link is a path from the root or the folder, or a bare name; a fragment is kept."""
    assert TARGETS.resolve(HERE, [name]) == ((name, url),)


def test_link_leads_to_the_translation_of_the_post() -> None:
    """Unless it names the language, or there is no translation."""
    site = "https://www.example.gov"
    posts = (
        samples.post("content/blog/two.md", url=f"{site}/two/"),
        samples.post("content/blog/two.es.md", url=f"{site}/es/two/", language="es"),
        samples.post("content/old/two.md", url=f"{site}/old/two/"),
        samples.post("content/blog/three.md", url=f"{site}/three/"),
    )
    spanish = samples.post("content/blog/uno.es.md", language="es")
    names = ("/blog/two", "two.md", "two.en.md", "blog/two.es.md", "old/two", "three")
    found = dict(LinkTargets(posts).resolve(spanish, names))
    assert found == {
        "/blog/two": f"{site}/es/two/",
        "two.md": f"{site}/es/two/",
        "two.en.md": f"{site}/two/",
        "blog/two.es.md": f"{site}/es/two/",
        "old/two": f"{site}/old/two/",
        "three": f"{site}/three/",
    }


def test_references_to_other_files_are_left_out() -> None:
    """Images and other pages of the site keep their URLs."""
    assert TARGETS.resolve(HERE, ["missing.md", "picture.png", "", "/"]) == ()


def test_updated_targets_equal_new_targets() -> None:
    """Posts are added, removed and renamed after earlier lookups."""
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
def test_asset_is_found_in_the_folders_of_site_generators(name: str, served: str) -> None:
    """A file is found from the root, from a folder that becomes the root, or next to the post."""
    ((written, url),) = ASSETS.resolve(POST, [name])

    assert written == name
    assert url.partition("?v=")[0] == f"{URL}/{served}"
    assert len(url.partition("?v=")[2]) == 40


@pytest.mark.parametrize(
    "name",
    [
        *("", "#top", "/none.png", "/_e/e.png", "/f.md"),
        *("https://x.example/d.png", "//x.example/d.png", " //[x/d.png"),
    ],
)
def test_other_urls_are_not_resolved(name: str) -> None:
    """Missing and hidden files, and URLs of other hosts."""
    assert ASSETS.resolve(POST, [name]) == ()


def test_body_and_fields_use_asset_urls(content: ContentRepository, open_index: OpenIndex) -> None:
    """Only with ``assets_url``, and with the blob of the commit."""
    commit = content.commit(
        {
            "news/2023-11-06-a.md": file(words="![x](/img/x.png)", image="/img/y.png"),
            "img/x.png": "x",
            "img/y.png": "y",
        }
    )
    index = open_index()
    (post,) = index.snapshot(index.repository.head()).posts

    (render_input,) = index.render_inputs([post], LinkTargets(posts=()))
    assert render_input.asset_urls == ()

    index = open_index(assets_url=URL)
    index.snapshot(index.repository.head())

    (render_input,) = index.render_inputs([post], LinkTargets(posts=()))
    assert render_input.asset_urls == tuple(
        (f"/img/{name}", f"{URL}/img/{name}?v={content.git('rev-parse', f'{commit}:img/{name}')}")
        for name in ("x.png", "y.png")
    )
