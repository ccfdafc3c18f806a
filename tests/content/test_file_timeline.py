"""What the history did to one file."""

from syndicate.content.parsed_file import ParsedFile
from syndicate.content.source_index import SourceIndex
from syndicate.model.post import CommitId, Path
from tests.content.conftest import file
from tests.content_repository import ContentRepository

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
