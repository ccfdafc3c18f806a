"""Conformance of all dialects, and the expected fields of sample posts."""

import json
from contextlib import suppress
from pathlib import Path as File
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.fields import DEFAULT_KEYS, Fields
from syndicate.errors import ContentError
from syndicate.model.category import CategoryDefinition, Vocabulary
from syndicate.model.post import Path, Source
from tests.samples import NOW, TECHNOLOGY, TTS, source

SAMPLES: Final = File(__file__).parents[1] / "data" / "dialects"
FILES: Final = sorted(
    path.relative_to(SAMPLES) for path in SAMPLES.rglob("*") if path.suffix == ".md"
)
VOCABULARY: Final = Vocabulary(
    definitions=(
        CategoryDefinition(category=TECHNOLOGY),
        CategoryDefinition(category=TTS, aliases=("TTS",)),
    )
)
NOT_COMPARED: Final = {
    *("word_digest", "published_as_written", "origins", "problems"),
    *("references", "author_entries"),
}
"""Fields that the expected results do not repeat, or tell in their own way."""


def site(dialect: str) -> Source:
    """Return a source with ``dialect`` and the folder of its samples, without a permalink."""
    folder = next((SAMPLES / dialect).rglob("*.md")).relative_to(SAMPLES / dialect)
    depth = 2 if folder.parts[0] == "content" else 1
    return source(
        folders=(Path("/".join(folder.parts[:depth])),),
        dialect=dialect,
        permalink="",
        authors=(("ada", "Ada Example"),),
    )


def described(document: Document, dialect: str) -> dict[str, object]:
    """Return URL, body and fields of a sample, without absent fields."""
    dialect_of_samples, source_of_samples = DIALECTS[dialect], site(dialect)
    fields = dialect_of_samples.read_fields(document, source_of_samples, VOCABULARY)
    values = json.loads(msgspec.json.encode(fields))
    return {
        "url": dialect_of_samples.post_url(
            fields, document.path, source_of_samples, fields.published or NOW
        ),
        "body": dialect_of_samples.text_to_render(document),
        **{key: value for key, value in values.items() if value and key not in NOT_COMPARED},
        "image_alt": fields.image_alt,
        "origins": dict(fields.origins),
        "problems": [[problem.level, problem.rule, problem.line] for problem in fields.problems],
    }


@pytest.mark.parametrize("file", FILES, ids=str)
def test_sample_has_the_expected_fields(file: File) -> None:
    """The .json file next to the sample has the expected fields."""
    dialect, path = file.parts[0], Path("/".join(file.parts[1:]))
    document = parse_document(path, (SAMPLES / file).read_bytes())
    assert document
    assert DIALECTS[dialect].skip_reason(path, site(dialect)) == ""
    expected = json.loads((SAMPLES / file).with_suffix(".json").read_text())
    assert described(document, dialect) == expected


def test_every_dialect_has_samples() -> None:
    """A new dialect has sample posts."""
    assert {file.parts[0] for file in FILES} == set(DIALECTS)


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects_are_registered_by_name(name: str) -> None:
    """The keys of the table are the names of the dialects."""
    assert DIALECTS[name].name == name


def test_program_updates_has_hard_line_breaks() -> None:
    """Only the site with kramdown's ``hard_wrap`` has them."""
    assert [n for n, dialect in DIALECTS.items() if dialect.markdown.options.hard_breaks] == [
        "program-updates"
    ]


def test_markdown_of_a_dialect_is_that_of_its_engine() -> None:
    """Where nothing else says so."""
    flavours = {name: dialect.markdown.flavour for name, dialect in DIALECTS.items()}
    assert sorted(name for name, flavour in flavours.items() if flavour == "kramdown") == [
        "jekyll",
        "news-and-blog",
        "program-updates",
    ]
    assert set(flavours.values()) == {"kramdown", "commonmark"}


KEYS = st.sampled_from(
    sorted({key.partition(".")[0] for keys in DEFAULT_KEYS.values() for key in keys})
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.text()
    | st.sampled_from(["2024-01-29", "/a", "a.png", "{{ x }}", "<b>", "https://[", ":title", "es"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
PATHS = st.sampled_from(["news/2024-01-29-x.md", "news/\udce9._es.md", "x/index.es.md", "news/.md"])


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=50)
@given(meta=st.dictionaries(KEYS, VALUES), body=st.text(max_size=40), path=PATHS)
def test_any_front_matter_has_fields(
    name: str, meta: dict[str, object], body: str, path: str
) -> None:
    """No value raises; the fields can be encoded, and the URL is valid."""
    document = Document(path=Path(path), meta=meta, body=body, body_line=1, key_lines={})
    dialect_of_samples, source_of_samples = DIALECTS[name], source()
    fields = dialect_of_samples.read_fields(document, source_of_samples, VOCABULARY)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=Fields) == fields
    assert fields.title
    url = dialect_of_samples.post_url(
        fields, document.path, source_of_samples, fields.published or NOW
    )
    assert url.isascii()
    assert "://" in url
    assert " " not in url


@pytest.mark.parametrize("name", DIALECTS)
@given(front=st.binary(max_size=60), body=st.binary(max_size=60))
def test_any_bytes_between_delimiters_have_fields_or_an_error(
    name: str, front: bytes, body: bytes
) -> None:
    """Any file gives fields, None, or a `ContentError`."""
    with suppress(ContentError):
        document = parse_document(Path("news/x.md"), b"---\n" + front + b"\n---\n" + body)
        if document is not None:
            fields = DIALECTS[name].read_fields(document, source(), VOCABULARY)
            assert msgspec.msgpack.encode(fields)
            lines = document.body.count("\n")
            assert DIALECTS[name].text_to_render(document).count("\n") == lines


PIECES: Final = (
    "# ",
    "#",
    " ",
    "<h1>",
    "<h1",
    "<!--",
    "```\n",
    "\n",
    "x\n",
    "==\n",
    "*",
    "{#",
    "&#9",
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.unmeasured
def test_pathological_megabytes_are_read_in_linear_time(piece: str) -> None:
    """Bodies and values of one repeated piece are read in linear time."""
    body, value = piece * (1_000_000 // len(piece)) + "x", piece * (90_000 // len(piece)) + "x"
    keys = (
        *DEFAULT_KEYS["title"],
        *DEFAULT_KEYS["image"],
        *DEFAULT_KEYS["byline"],
        "date",
        "tags",
        "slug",
    )
    for meta in ({"date": "2024-01-29"}, dict.fromkeys(keys, value)):
        document = Document(path=Path("x.md"), meta=meta, body=body, body_line=1, key_lines={})
        assert DIALECTS["jekyll"].read_fields(document, source(), VOCABULARY).title
