"""The register is the same whatever steps led to it."""

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


def outcome(path: Path, day: datetime, address: int, kind: str) -> FileResult:
    """Return what became of a file: a post that wants one of few addresses, hidden, or broken."""
    blob = BlobId("b" * 40)
    problem = Problem(level="error", rule="x", source="news", path=path, message="x")
    return FileResult(
        blob=blob,
        history=PostHistory(PostKey("k"), (Version(blob, day),)),
        post=samples.post(path, published=day, url=f"https://a.example/{address}")
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
def test_step_by_step_is_the_same_as_at_once(
    steps: list[dict[Path, tuple[datetime, int, str]]],
) -> None:
    """Posts, what is hidden, and problems, those of contested addresses included."""
    stepwise, last = FileTable(), dict[Path, tuple[datetime, int, str]]()
    for step in steps:
        write(stepwise, step)
        last |= step
    at_once = FileTable()
    write(at_once, last)
    assert stepwise.posts == at_once.posts
    assert stepwise.hidden == at_once.hidden
    assert list(stepwise.problems) == list(at_once.problems)
    assert sorted(stepwise) == sorted(at_once)
    assert len({post.url for post in stepwise.posts}) == len(stepwise.posts)
    assert list(stepwise.posts) == sorted(
        stepwise.posts, key=lambda post: (post.published, post.id)
    )


def write(register: FileTable, step: dict[Path, tuple[datetime, int, str]]) -> None:
    """Take down one step."""
    examined = {
        path: outcome(path, day, address, kind)
        for path, (day, address, kind) in step.items()
        if kind not in ("skipped", "gone")
    }
    register.update(
        examined,
        {path: "README" for path, (*_, kind) in step.items() if kind == "skipped"},
        [path for path, (*_, kind) in step.items() if kind == "gone"],
    )


def test_whoever_was_published_first_has_the_address() -> None:
    """When it leaves, the next one has it; all others are problems."""
    register = FileTable()
    found = {path: outcome(path, day, 1, "post") for path, day in zip(PATHS, DAYS, strict=False)}
    register.update(dict(reversed(found.items())), {}, [])
    assert [post.path for post in register.posts] == [PATHS[0]]
    assert [problem.path for problem in register.problems] == PATHS[1:3]
    register.update({}, {}, [PATHS[0]])
    assert [post.path for post in register.posts] == [PATHS[1]]
    assert [problem.path for problem in register.problems] == PATHS[2:3]
