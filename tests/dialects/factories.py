"""Functions that build a document, a field reader or fields from front matter and body."""

from typing_extensions import Unpack

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.fields import DEFAULT_KEYS, FieldReader, Fields
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path
from tests.samples import SourceFields, source

PATH = "news/2024-01-29-a-first-post.md"


def document(front: str, body: str = "", path: str = PATH) -> Document:
    """Return the document of a file with ``front`` from line 2 on."""
    found = parse_document(Path(path), f"---\n{front}\n---\n{body}".encode())
    assert found is not None
    return found


def field_reader(front: str, body: str = "", **changes: Unpack[SourceFields]) -> FieldReader:
    """Return a reader of that document with the default keys."""
    return FieldReader(document(front, body), source(**changes), DEFAULT_KEYS)


def fields(
    front: str,
    body: str = "",
    path: str = PATH,
    vocabulary: Vocabulary = Vocabulary(),
    **changes: Unpack[SourceFields],
) -> Fields:
    """Return the fields of that document in the dialect of the source."""
    chosen = source(**changes)
    return DIALECTS[chosen.dialect].read_fields(document(front, body, path), chosen, vocabulary)


def reported_rules(read: FieldReader | Fields) -> list[tuple[str, int]]:
    """Return (rule, line) of each problem."""
    return [(problem.rule, problem.line) for problem in read.problems]
