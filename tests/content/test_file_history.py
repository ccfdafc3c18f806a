"""The replay of the history: renames, deletions, restored and reused paths."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from syndicate.content.file_history import BranchHistory, PostHistory, post_id
from syndicate.content.parsed_file import ParsedFile
from syndicate.content.source_index import SourceIndex
from syndicate.git import Commit, FileChange
from syndicate.model.post import BlobId, CommitId, Path
from tests import samples
from tests.content.conftest import file
from tests.content_repository import ContentRepository

START = datetime(2024, 1, 1, 12, tzinfo=UTC)


def added(path: str, blob: str = "b1") -> FileChange:
    """Return the change that adds ``path``."""
    return FileChange(
        kind="added", path=Path(path), old_path=Path(path), blob=BlobId(blob), old_blob=None
    )


def modified(path: str, blob: str) -> FileChange:
    """Return the change that gives ``path`` new content."""
    return FileChange(
        kind="modified",
        path=Path(path),
        old_path=Path(path),
        blob=BlobId(blob),
        old_blob=BlobId("b1"),
    )


def deleted(path: str) -> FileChange:
    """Return the change that deletes ``path``."""
    return FileChange(
        kind="deleted", path=Path(path), old_path=Path(path), blob=None, old_blob=BlobId("b1")
    )


def renamed(old: str, new: str, blob: str = "b1") -> FileChange:
    """Return the change that moves ``old`` to ``new``."""
    return FileChange(
        kind="renamed",
        path=Path(new),
        old_path=Path(old),
        blob=BlobId(blob),
        old_blob=BlobId("b1"),
    )


def commits(*changes: tuple[FileChange, ...]) -> list[Commit]:
    """Return commits with ``changes``, a day apart."""
    return [
        Commit(id=CommitId(f"c{n}"), parent=None, time=START + timedelta(days=n), changes=each)
        for n, each in enumerate(changes)
    ]


def first_folder(path: Path) -> Path | None:
    """Return the first folder of ``path``."""
    return Path(path.partition("/")[0])


def replayed(*changes: tuple[FileChange, ...], accepted: str = "") -> BranchHistory:
    """Return the branch history after commits with ``changes``."""
    branch = BranchHistory()
    branch.replay(
        commits(*changes),
        source="news",
        find_folder=first_folder,
        accepted=frozenset({CommitId(accepted)}),
    )
    return branch


def post_history(branch: BranchHistory, path: str) -> PostHistory:
    """Return the current post at ``path``."""
    return branch.current[Path(path)]


def test_key_is_a_digest_of_source_and_first_path() -> None:
    """The key is 16 hex digits of the SHA-256 of source name, NUL and first path."""
    branch = replayed((added("p/a.md"),))
    assert post_history(branch, "p/a.md").key == sha256(b"news\0p/a.md").hexdigest()[:16]


def test_id_is_a_tag_uri_with_the_date_of_the_first_commit() -> None:
    """The date is that of the commit in UTC, in any zone of the source."""
    born = post_history(replayed((added("p/a.md"),)), "p/a.md")
    assert post_id(samples.source(), born) == f"tag:www.example.gov,2024-01-01:{born.key}"


def test_renamed_post_keeps_key_creation_and_versions() -> None:
    """A move with an edit is one more version of the same post."""
    before = replayed((added("p/a.md"),))
    after = replayed((added("p/a.md"),), (renamed("p/a.md", "q/b.md", "b2"),))
    moved = post_history(after, "q/b.md")
    assert moved.key == post_history(before, "p/a.md").key
    assert moved.created == START
    assert [version.blob for version in moved.versions] == ["b1", "b2"]
    assert Path("p/a.md") not in after.current


def test_rename_without_edit_adds_no_version() -> None:
    """Only other content is another version."""
    branch = replayed((added("p/a.md"),), (renamed("p/a.md", "p/b.md"),))
    assert len(post_history(branch, "p/b.md").versions) == 1


def test_restored_post_keeps_its_key() -> None:
    """Key and creation time are those of before the deletion."""
    branch = replayed((added("p/a.md"),), (deleted("p/a.md"),), (added("p/a.md", "b3"),))
    restored = post_history(branch, "p/a.md")
    assert restored.created == START
    assert [version.blob for version in restored.versions] == ["b1", "b3"]
    assert not branch.deleted


def test_reused_path_gets_a_new_key() -> None:
    """The first post of the path was moved, so the key of the second ends with ~2."""
    branch = replayed((added("p/a.md"),), (renamed("p/a.md", "p/b.md"),), (added("p/a.md"),))
    assert post_history(branch, "p/a.md").key == post_history(branch, "p/b.md").key + "~2"


def test_posts_that_swap_paths_keep_their_keys() -> None:
    """Both renames of a commit are applied to the state before it."""
    before = replayed((added("p/a.md"), added("p/b.md", "b2")))
    after = replayed(
        (added("p/a.md"), added("p/b.md", "b2")),
        (renamed("p/a.md", "p/b.md"), renamed("p/b.md", "p/a.md", "b2")),
    )
    assert post_history(after, "p/a.md").key == post_history(before, "p/b.md").key
    assert post_history(after, "p/b.md").key == post_history(before, "p/a.md").key


def test_modification_of_an_unknown_file_creates_a_post() -> None:
    """A shallow history may start anywhere; the deletion of an unknown file is ignored."""
    branch = replayed((modified("p/a.md", "b2"), deleted("p/b.md"), renamed("x", "p/c.md")))
    assert post_history(branch, "p/a.md").created == START
    assert post_history(branch, "p/c.md").created == START
    assert not branch.deleted


def test_emptied_folder_keeps_the_last_complete_commit() -> None:
    """The folder is complete again when posts are added."""
    changes = [(added("p/a.md"),), (added("q/b.md"),), (deleted("q/b.md"),), (added("p/c.md"),)]
    emptied = replayed(*changes)
    assert emptied.emptied_folders == ("q",)
    assert (emptied.last_complete_commit, emptied.emptied_by) == ("c1", "c2")
    complete = replayed(*changes, (added("q/d.md"),))
    assert not complete.emptied_folders
    assert (complete.last_complete_commit, complete.emptied_by) == ("c4", None)


def test_folder_whose_posts_moved_within_the_source_is_not_emptied() -> None:
    """Moves within the source lose no post; moves out of the source do."""
    before = (added("p/a.md"), added("q/b.md"))
    assert not replayed(before, (renamed("q/b.md", "p/b.md"),)).emptied_folders
    most = (deleted("q/b.md"), renamed("q/c.md", "p/c.md"), renamed("q/d.md", "p/d.md"))
    assert not replayed((*before, added("q/c.md"), added("q/d.md")), most).emptied_folders

    def only_p_and_q(path: Path) -> Path | None:
        folder = first_folder(path)
        return folder if folder in ("p", "q") else None

    branch = BranchHistory()
    branch.replay(
        commits(before, (renamed("q/b.md", "drafts/b.md"),)),
        source="news",
        find_folder=only_p_and_q,
    )
    assert branch.emptied_folders == ("q",)


def test_accepted_removal_completes_later_commits() -> None:
    """The operator accepted that the folder is empty."""
    changes = [(added("p/a.md"), added("q/b.md")), (deleted("q/b.md"),), (added("p/c.md"),)]
    assert replayed(*changes, accepted="c1").last_complete_commit == "c2"
    assert replayed(*changes, accepted="c0").last_complete_commit == "c0"


PATHS = st.sampled_from(["p/a.md", "p/b.md", "q/a.md"])


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[FileChange, ...]]:
    """Draw a possible history of commits with one change each."""
    existing: set[str] = set()
    history: list[tuple[FileChange, ...]] = []
    for number in range(draw(st.integers(1, 12))):
        path, other = draw(PATHS), draw(PATHS)
        if path not in existing:
            change = added(path, f"b{number}")
        elif other not in existing and draw(st.booleans()):
            change = renamed(path, other, f"b{number}")
            existing.discard(path)
        else:
            change = draw(st.sampled_from([modified(path, f"b{number}"), deleted(path)]))
        existing.discard(path)
        existing |= {change.path} if change.blob else set()
        history.append((change,))
    return history


@given(histories(), st.integers(0, 12))
def test_keys_are_unique_and_replay_is_incremental(
    history: list[tuple[FileChange, ...]], cut: int
) -> None:
    """The stored state makes no difference."""
    full = replayed(*history)
    keys = [one.key for one in (*full.current.values(), *full.deleted.values())]
    assert len(set(keys)) == len(keys)
    incremental = BranchHistory()
    for piece in (commits(*history)[:cut], commits(*history)[cut:]):
        incremental.replay(piece, source="news", find_folder=first_folder)
    assert incremental == full


FIRST, SECOND = "news/2023-11-06-first.md", "news/2023-11-06-second.md"


def descriptions(index: SourceIndex, path: str) -> list[str]:
    """Return the descriptions of the timeline of ``path``."""
    return [chapter.description for chapter in index.timeline(Path(path), index.repository.head())]


def test_timeline_has_renames_word_changes_and_errors(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Every commit that touched the file, under all its names."""
    content.commit({FIRST: file(), "news/other.md": file("Other")})
    content.commit({FIRST: file(words="More words.")})
    content.commit({"news/other.md": file("Other", "Words of another.")})
    content.commit({FIRST: file(words="More words.", draft="true")})
    content.commit(moves={FIRST: SECOND})
    content.commit({SECOND: "No front matter"})
    content.commit({SECOND: None})
    content.commit({SECOND: file(words="More words.")})

    assert descriptions(index, SECOND) == [
        "first commit",
        "words changed",
        "words unchanged",
        f"renamed from {FIRST}, words unchanged",
        "without front matter",
        "removed",
        "restored, words unchanged",
    ]
    assert descriptions(index, "news/nothing.md") == []


def test_file_can_be_parsed_at_any_commit(content: ContentRepository, index: SourceIndex) -> None:
    """A file that does not exist has no fields."""
    first = CommitId(content.commit({FIRST: file("First")}))
    second = CommitId(content.commit({FIRST: None}))

    fields = index.parsed_file(Path(FIRST), first).fields
    assert fields
    assert fields.title == "First"
    assert index.parsed_file(Path(FIRST), second) == ParsedFile()
