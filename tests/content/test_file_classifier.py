"""The file table depends on the files, not on the updates that led to them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from syndicate.content.file_classifier import FileResult, FileTable
from syndicate.content.file_history import PostHistory, Version
from syndicate.model.edition import Problem
from syndicate.model.post import BlobId, Path, PostKey
from tests import samples

DAYS = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
PATHS = [Path(f"news/{name}.md") for name in "abcdef"]


def file_result(path: Path, day: datetime, url_number: int, kind: str) -> FileResult:
    """Return the result of a file: a post with one of few URLs, hidden, or broken."""
    blob = BlobId("b" * 40)
    problem = Problem(level="error", rule="x", source="news", path=path, message="x")
    return FileResult(
        blob=blob,
        history=PostHistory(PostKey("k"), (Version(blob, day),)),
        post=samples.post(path, published=day, url=f"https://a.example/{url_number}")
        if kind in ("post", "odd")
        else None,
        hidden_reason="draft" if kind == "hidden" else "",
        problems=(problem,) if kind in ("broken", "odd") else (),
    )


kinds = st.sampled_from(["post", "post", "odd", "hidden", "broken", "skipped", "gone"])
steps = st.lists(
    st.dictionaries(
        st.sampled_from(PATHS), st.tuples(st.sampled_from(DAYS), st.integers(0, 2), kinds)
    ),
    max_size=8,
)


@given(steps)
def test_incremental_result_equals_full_result(
    steps: list[dict[Path, tuple[datetime, int, str]]],
) -> None:
    """Posts, hidden files and problems are the same, duplicate URLs included."""
    incremental, last = FileTable(), dict[Path, tuple[datetime, int, str]]()
    for step in steps:
        apply_update(incremental, step)
        last |= step
    full = FileTable()
    apply_update(full, last)
    assert incremental.posts == full.posts
    assert incremental.hidden == full.hidden
    assert list(incremental.problems) == list(full.problems)
    assert sorted(incremental) == sorted(full)
    assert len({post.url for post in incremental.posts}) == len(incremental.posts)
    assert list(incremental.posts) == sorted(
        incremental.posts, key=lambda post: (post.published, post.id)
    )


def apply_update(register: FileTable, step: dict[Path, tuple[datetime, int, str]]) -> None:
    """Apply one update."""
    examined = {
        path: file_result(path, day, url_number, kind)
        for path, (day, url_number, kind) in step.items()
        if kind not in ("skipped", "gone")
    }
    register.update(
        examined,
        {path: "README" for path, (*_, kind) in step.items() if kind == "skipped"},
        [path for path, (*_, kind) in step.items() if kind == "gone"],
    )


def test_first_published_post_owns_the_url() -> None:
    """If it is removed, the next post gets the URL; all other posts are problems."""
    register = FileTable()
    found = {
        path: file_result(path, day, 1, "post") for path, day in zip(PATHS, DAYS, strict=False)
    }
    register.update(dict(reversed(found.items())), {}, [])
    assert [post.path for post in register.posts] == [PATHS[0]]
    assert [problem.path for problem in register.problems] == PATHS[1:3]
    register.update({}, {}, [PATHS[0]])
    assert [post.path for post in register.posts] == [PATHS[1]]
    assert [problem.path for problem in register.problems] == PATHS[2:3]
