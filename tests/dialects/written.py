"""Posts written for one test: front matter and body in, document, reading or fields out."""

from typing_extensions import Unpack

from syndicate.dialects import DIALECTS
from syndicate.dialects.document import Document, read
from syndicate.dialects.fields import Fields
from syndicate.dialects.mapping.keys import GENERAL, Reading
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path
from tests.samples import SourceChanges, source

PATH = "news/2024-01-29-a-first-post.md"


def document(front: str, body: str = "", path: str = PATH) -> Document:
    """Return the document of a file with ``front`` from line 2 on."""
    found = read(Path(path), f"---\n{front}\n---\n{body}".encode())
    assert found is not None
    return found


def reading(front: str, body: str = "", **changes: Unpack[SourceChanges]) -> Reading:
    """Return a reading of that document with the general keys."""
    return Reading(document(front, body), source(**changes), GENERAL)


def fields(
    front: str,
    body: str = "",
    path: str = PATH,
    vocabulary: Vocabulary = Vocabulary(),
    **changes: Unpack[SourceChanges],
) -> Fields:
    """Return what the dialect of the source makes of that document."""
    chosen = source(**changes)
    return DIALECTS[chosen.dialect].fields(document(front, body, path), chosen, vocabulary)


def rules(of: Reading | Fields) -> list[tuple[str, int]]:
    """Return (rule, line) of each note."""
    return [(note.rule, note.line) for note in of.notes]
