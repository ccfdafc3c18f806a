"""Search keeps its index at the edition in service."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from syndicate.content.post_search import PostSearch
from syndicate.model.edition import Edition
from syndicate.model.post import BlobId, Post, PostId
from syndicate.model.search import SearchTerms
from syndicate.search_index import SearchIndex
from tests import samples

POSTS = samples.posts(60)
NEWEST = POSTS[0]


class Files:
    """Bodies of posts by path, and how often each was read."""

    def __init__(self, **bodies: str) -> None:
        self.bodies = bodies
        self.read: list[Post] = []

    def texts(self, posts: Sequence[Post], _: Edition) -> Iterator[tuple[PostId, str]]:
        """Yield the texts of all ``posts`` but those whose body is missing."""
        for post in posts:
            self.read.append(post)
            body = self.bodies.get(post.blob, self.bodies.get("every", ""))
            if body != "missing":
                yield post.id, f"A summary\n\n{body}"


def search(tmp_path: Path, files: Files) -> PostSearch:
    """Return a search of ``files``, without an index."""
    return PostSearch(SearchIndex(tmp_path), files.texts)


def terms(text: str) -> SearchTerms:
    """Return what ``text`` searches for."""
    parsed = SearchTerms.parse(text)
    assert parsed
    return parsed


def test_only_changed_posts_are_read_again(tmp_path: Path) -> None:
    """Posts that left are not found any more."""
    files = Files(every="Words")
    posts, first = search(tmp_path, files), samples.edition(*POSTS)
    posts.update(first, lambda: True)
    assert len(files.read) == len(POSTS)
    assert len(posts.find(terms("words"), first, first.posts).posts) == len(POSTS)

    edited = replace(NEWEST, blob=BlobId("e" * 40))
    second = samples.edition(edited, *POSTS[2:])
    files.bodies[edited.blob] = "Others"
    posts.update(second, lambda: True)

    assert files.read[len(POSTS) :] == [edited]
    result = posts.find(terms("words"), second, second.posts)
    assert (len(result.posts), result.is_complete) == (len(POSTS) - 2, True)
    assert posts.find(terms("others summary"), second, second.posts).posts == (edited,)
    assert not posts.find(terms("others"), first, first.posts).is_complete
    posts.close()


def test_newest_posts_are_indexed_first(tmp_path: Path) -> None:
    """An update ends between batches as soon as there is another edition."""
    files = Files(every="Words")
    posts, edition, calls = search(tmp_path, files), samples.edition(*POSTS), count()

    posts.update(edition, lambda: next(calls) < 1)

    result = posts.find(terms("words"), edition, edition.posts)
    assert NEWEST in result.posts
    assert 0 < len(result.posts) < len(POSTS)
    assert not result.is_complete
    posts.close()


def test_post_that_cannot_be_read_is_found_by_its_title(tmp_path: Path) -> None:
    """Once it can be read it has another blob, or the process is another one."""
    posts, edition = search(tmp_path, Files(every="missing")), samples.edition(NEWEST)
    posts.update(edition, lambda: True)

    assert posts.find(terms(NEWEST.title), edition, edition.posts).posts == (NEWEST,)
    posts.close()


@pytest.mark.parametrize(
    "body",
    [
        "a <!-- hidden --> b",
        "a <!-- hidden",
        "{% comment %} hidden {% endcomment %} b",
        "{%- comment -%} hidden",
        "{% capture x %}hidden{% endcapture %} b",
        "{% if false %}hidden{% endif %} b",
        "a {::comment}hidden{:/comment} b",
        "a {# hidden #} b",
        "[a](/hidden) ![b](hidden.png 'c') [c](/d_(e)_hidden)",
        "a <script>hidden</script> <STYLE>hidden</STYLE > b",
        "<div class='hidden'>a</div>",
        "{{ hidden }} {% hidden %} {: .hidden}",
    ],
)
def test_hidden_text_and_markup_are_not_found(tmp_path: Path, body: str) -> None:
    """A match would reveal them."""
    posts, edition = search(tmp_path, Files(every=body)), samples.edition(NEWEST)
    posts.update(edition, lambda: True)

    assert posts.find(terms("hidden"), edition, edition.posts).posts == ()
    posts.close()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("## Head {#id}\n\nfound **words**", "found words"),
        ("a {# b found words", "found words"),
        ("a {::comment} found words", "found words"),
        ("[found words](/x) AT&amp;T", "found words at&t"),
        ("a <script> found words", "found words"),
    ],
)
def test_visible_text_is_found(tmp_path: Path, body: str, text: str) -> None:
    """Also after what only begins like a comment."""
    posts, edition = search(tmp_path, Files(every=body)), samples.edition(NEWEST)
    posts.update(edition, lambda: True)

    assert posts.find(terms(text), edition, edition.posts).posts == (NEWEST,)
    excerpt = posts.excerpts(terms(text), [NEWEST])[NEWEST.id]
    assert "**" not in "".join(part for part, _ in excerpt.text)
    posts.close()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{% comment %} a {% endcomment %} found", "found"),
        ("{%- if false -%} a {%- endif -%} found", "found"),
        ("{::comment}a{:/comment} found", "found"),
        ("Caf&#233; [found](/wiki/a_(b)) &#x1F600;", "Café found 😀"),
    ],
)
def test_excerpts_have_no_remains_of_markup(tmp_path: Path, body: str, text: str) -> None:
    """Neither of what hides text nor of links and characters."""
    posts, edition = search(tmp_path, Files(every=body)), samples.edition(NEWEST)
    posts.update(edition, lambda: True)

    excerpt = posts.excerpts(terms("found"), [NEWEST])[NEWEST.id]
    assert "".join(part for part, _ in excerpt.text) == f"A summary {text}"
    posts.close()


def test_without_an_index_there_are_no_excerpts(tmp_path: Path) -> None:
    """Pages show summaries instead."""
    posts, edition = search(tmp_path, Files(every="x")), samples.edition(NEWEST)
    posts.update(edition, lambda: True)
    (file,) = tmp_path.glob("search-*.db")
    file.write_bytes(b"no database" * 1000)

    assert posts.excerpts(terms("x"), [NEWEST]) == {}
    posts.close()
