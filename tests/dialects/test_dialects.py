"""Every dialect of the table keeps the same promises, and reads its samples as they are meant."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path as File
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import Document, parse_document
from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.field_reader import DEFAULT_KEYS
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
UNSEEN: Final = {"word_digest", "origins", "problems"}
"""Fields that the expected results do not repeat, or tell in their own way."""


def site(dialect: str) -> Source:
    """Return a source in ``dialect`` without pattern, with the folder that its samples are in."""
    folder = next((SAMPLES / dialect).rglob("*.md")).relative_to(SAMPLES / dialect)
    depth = 2 if folder.parts[0] == "content" else 1
    return source(
        folders=(Path("/".join(folder.parts[:depth])),),
        dialect=dialect,
        permalink="",
        authors=(("ada", "Ada Example"),),
    )


def told(document: Document, dialect: str) -> dict[str, object]:
    """Return what is expected of a sample: its address, body and fields, without the absent."""
    style, home = DIALECTS[dialect], site(dialect)
    fields = style.read_fields(document, home, VOCABULARY)
    values = json.loads(msgspec.json.encode(asdict(fields)))
    return {
        "url": style.post_url(fields, document.path, home, fields.published or NOW),
        "body": style.text_to_render(document),
        **{key: value for key, value in values.items() if value and key not in UNSEEN},
        "image_alt": fields.image_alt,
        "origins": dict(fields.origins),
        "problems": [[problem.level, problem.rule, problem.line] for problem in fields.problems],
    }


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_sample_says_what_stands_beside_it(file: File) -> None:
    """The file with the ending .json holds everything that is to be understood."""
    dialect, path = file.parts[0], Path("/".join(file.parts[1:]))
    document = parse_document(path, (SAMPLES / file).read_bytes())
    assert document
    assert DIALECTS[dialect].skip_reason(path, site(dialect)) == ""
    expected = json.loads((SAMPLES / file).with_suffix(".json").read_text())
    assert told(document, dialect) == expected


def test_every_dialect_has_samples() -> None:
    """A new dialect comes with a file that shows what it is for."""
    assert {file.parts[0] for file in FILES} == set(DIALECTS)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_called_what_the_settings_call_it(name: str) -> None:
    """The table cannot contradict the dialects in it."""
    assert DIALECTS[name].name == name


def test_login_shows_line_ends_as_breaks() -> None:
    """Of the four, only kramdown's ``hard_wrap`` does."""
    assert [name for name, dialect in DIALECTS.items() if dialect.hard_breaks] == [
        "program-updates"
    ]


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


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=50)
@given(meta=st.dictionaries(KEYS, VALUES), body=st.text(max_size=40), path=PATHS)
def test_any_front_matter_makes_fields(
    name: str, meta: dict[str, object], body: str, path: str
) -> None:
    """Nothing raises, the result can be stored, and the address is one."""
    document = Document(path=Path(path), meta=meta, body=body, body_line=1, key_lines={})
    style, home = DIALECTS[name], source()
    fields = style.read_fields(document, home, VOCABULARY)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=Fields) == fields
    assert fields.title
    url = style.post_url(fields, document.path, home, fields.published or NOW)
    assert url.isascii()
    assert "://" in url
    assert " " not in url


@pytest.mark.parametrize("name", DIALECTS)
@given(front=st.binary(max_size=60), body=st.binary(max_size=60))
def test_any_bytes_between_fences_are_fields_or_refused(
    name: str, front: bytes, body: bytes
) -> None:
    """The whole way from bytes to fields ends in fields, nothing, or a `ContentError`."""
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
def test_a_megabyte_of_anything_takes_no_time(piece: str) -> None:
    """Neither a body nor a value of one repeated piece is read more than a few times."""
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
