"""Identity by replaying the history: renames, deletions, restored and reused paths."""

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


def folder_of(path: Path) -> Path | None:
    """Return the first folder of ``path``."""
    return Path(path.partition("/")[0])


def replayed(*changes: tuple[FileChange, ...], accepted: str = "") -> BranchHistory:
    """Return the ancestry after commits with ``changes``."""
    ancestry = BranchHistory()
    ancestry.replay(
        commits(*changes),
        source="news",
        find_folder=folder_of,
        accepted=frozenset({CommitId(accepted)}),
    )
    return ancestry


def lineage(ancestry: BranchHistory, path: str) -> PostHistory:
    """Return the living post at ``path``."""
    return ancestry.current[Path(path)]


def test_a_key_is_a_digest_of_source_and_first_path() -> None:
    """Sixteen hex digits of SHA-256 over the source's name, NUL and the first path."""
    ancestry = replayed((added("p/a.md"),))
    assert lineage(ancestry, "p/a.md").key == sha256(b"news\0p/a.md").hexdigest()[:16]


def test_an_id_is_a_tag_with_the_day_of_the_first_commit() -> None:
    """The day is that of the commit in UTC, whatever the source's zone."""
    born = lineage(replayed((added("p/a.md"),)), "p/a.md")
    assert post_id(samples.source(), born) == f"tag:www.example.gov,2024-01-01:{born.key}"


def test_a_renamed_post_keeps_key_birth_and_versions() -> None:
    """A move with an edit is one more version of the same post."""
    before = replayed((added("p/a.md"),))
    after = replayed((added("p/a.md"),), (renamed("p/a.md", "q/b.md", "b2"),))
    moved = lineage(after, "q/b.md")
    assert moved.key == lineage(before, "p/a.md").key
    assert moved.created == START
    assert [version.blob for version in moved.versions] == ["b1", "b2"]
    assert Path("p/a.md") not in after.current


def test_a_move_without_an_edit_is_no_version() -> None:
    """Only content makes versions."""
    ancestry = replayed((added("p/a.md"),), (renamed("p/a.md", "p/b.md"),))
    assert len(lineage(ancestry, "p/b.md").versions) == 1


def test_a_deleted_and_restored_post_is_the_same() -> None:
    """Key and birth are those of before."""
    ancestry = replayed((added("p/a.md"),), (deleted("p/a.md"),), (added("p/a.md", "b3"),))
    restored = lineage(ancestry, "p/a.md")
    assert restored.created == START
    assert [version.blob for version in restored.versions] == ["b1", "b3"]
    assert not ancestry.deleted


def test_a_reused_path_gets_a_key_of_its_own() -> None:
    """The first post of the path lives elsewhere, so the second one's key ends in ~2."""
    ancestry = replayed((added("p/a.md"),), (renamed("p/a.md", "p/b.md"),), (added("p/a.md"),))
    assert lineage(ancestry, "p/a.md").key == lineage(ancestry, "p/b.md").key + "~2"


def test_two_posts_that_change_places_keep_themselves() -> None:
    """Both renames of one commit start from the state before it."""
    before = replayed((added("p/a.md"), added("p/b.md", "b2")))
    after = replayed(
        (added("p/a.md"), added("p/b.md", "b2")),
        (renamed("p/a.md", "p/b.md"), renamed("p/b.md", "p/a.md", "b2")),
    )
    assert lineage(after, "p/a.md").key == lineage(before, "p/b.md").key
    assert lineage(after, "p/b.md").key == lineage(before, "p/a.md").key


def test_a_change_of_a_file_nobody_saw_appear_is_its_birth() -> None:
    """A shallow history may begin anywhere; a vanished unknown file is nothing."""
    ancestry = replayed((modified("p/a.md", "b2"), deleted("p/b.md"), renamed("x", "p/c.md")))
    assert lineage(ancestry, "p/a.md").created == START
    assert lineage(ancestry, "p/c.md").created == START
    assert not ancestry.deleted


def test_an_emptied_folder_is_remembered_with_the_last_whole_commit() -> None:
    """It heals by itself when posts come back."""
    changes = [(added("p/a.md"),), (added("q/b.md"),), (deleted("q/b.md"),), (added("p/c.md"),)]
    emptied = replayed(*changes)
    assert emptied.emptied_folders == ("q",)
    assert (emptied.last_complete_commit, emptied.emptied_by) == ("c1", "c2")
    healed = replayed(*changes, (added("q/d.md"),))
    assert not healed.emptied_folders
    assert (healed.last_complete_commit, healed.emptied_by) == ("c4", None)


def test_a_folder_whose_posts_moved_to_another_folder_of_the_source_did_not_vanish() -> None:
    """Nothing is lost, so there is nothing to hold back; a move out of the source is a loss."""
    before = (added("p/a.md"), added("q/b.md"))
    assert not replayed(before, (renamed("q/b.md", "p/b.md"),)).emptied_folders
    most = (deleted("q/b.md"), renamed("q/c.md", "p/c.md"), renamed("q/d.md", "p/d.md"))
    assert not replayed((*before, added("q/c.md"), added("q/d.md")), most).emptied_folders

    def only_p_and_q(path: Path) -> Path | None:
        folder = folder_of(path)
        return folder if folder in ("p", "q") else None

    ancestry = BranchHistory()
    ancestry.replay(
        commits(before, (renamed("q/b.md", "drafts/b.md"),)),
        source="news",
        find_folder=only_p_and_q,
    )
    assert ancestry.emptied_folders == ("q",)


def test_an_accepted_removal_is_not_held_against_later_commits() -> None:
    """The operator said that the folder is meant to be empty."""
    changes = [(added("p/a.md"), added("q/b.md")), (deleted("q/b.md"),), (added("p/c.md"),)]
    assert replayed(*changes, accepted="c1").last_complete_commit == "c2"
    assert replayed(*changes, accepted="c0").last_complete_commit == "c0"


PATHS = st.sampled_from(["p/a.md", "p/b.md", "q/a.md"])


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[FileChange, ...]]:
    """Draw commits of one change each that could have happened."""
    there: set[str] = set()
    history: list[tuple[FileChange, ...]] = []
    for number in range(draw(st.integers(1, 12))):
        path, other = draw(PATHS), draw(PATHS)
        if path not in there:
            change = added(path, f"b{number}")
        elif other not in there and draw(st.booleans()):
            change = renamed(path, other, f"b{number}")
            there.discard(path)
        else:
            change = draw(st.sampled_from([modified(path, f"b{number}"), deleted(path)]))
        there.discard(path)
        there |= {change.path} if change.blob else set()
        history.append((change,))
    return history


@given(histories(), st.integers(0, 12))
def test_keys_are_unique_and_replaying_in_two_steps_is_replaying_at_once(
    history: list[tuple[FileChange, ...]], cut: int
) -> None:
    """No stored state can make a difference."""
    at_once = replayed(*history)
    keys = [one.key for one in (*at_once.current.values(), *at_once.deleted.values())]
    assert len(set(keys)) == len(keys)
    stepwise = BranchHistory()
    for piece in (commits(*history)[:cut], commits(*history)[cut:]):
        stepwise.replay(piece, source="news", find_folder=folder_of)
    assert stepwise == at_once


FIRST, SECOND = "news/2023-11-06-first.md", "news/2023-11-06-second.md"


def told(index: SourceIndex, path: str) -> list[str]:
    """Return what happened to the file at ``path``."""
    return [chapter.description for chapter in index.timeline(Path(path), index.repository.head())]


def test_names_words_and_faults_are_told_in_order(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Each commit that touched the file, under whatever name it had."""
    content.commit({FIRST: file(), "news/other.md": file("Other")})
    content.commit({FIRST: file(words="More words.")})
    content.commit({"news/other.md": file("Other", "Words of another.")})
    content.commit({FIRST: file(words="More words.", draft="true")})
    content.commit(moves={FIRST: SECOND})
    content.commit({SECOND: "No front matter"})
    content.commit({SECOND: None})
    content.commit({SECOND: file(words="More words.")})

    assert told(index, SECOND) == [
        "first commit",
        "words changed",
        "words unchanged",
        f"renamed from {FIRST}, words unchanged",
        "without front matter",
        "removed",
        "restored, words unchanged",
    ]
    assert told(index, "news/nothing.md") == []


def test_what_a_file_says_can_be_read_at_any_commit(
    content: ContentRepository, index: SourceIndex
) -> None:
    """Nothing where it is not."""
    first = CommitId(content.commit({FIRST: file("First")}))
    second = CommitId(content.commit({FIRST: None}))

    fields = index.parsed_file(Path(FIRST), first).fields
    assert fields
    assert fields.title == "First"
    assert index.parsed_file(Path(FIRST), second) == ParsedFile()
