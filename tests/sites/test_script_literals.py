"""Plain literals of a script, which may be any text."""

import pytest

from syndicate.sites.configuration_reader import ConfigurationReader
from syndicate.sites.script_literals import ScriptLiterals
from tests.sites.written_site import WrittenFiles


def literals(script: str) -> ScriptLiterals:
    """Return the literals of the file ``script``."""
    return ScriptLiterals.of_file(ConfigurationReader(WrittenFiles({"a.js": script})), "a.js")


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        ("tags: ['a', \"b\"]", ("a", "b")),
        ("tags: [\n  'a',\n  'b',\n]", ("a", "b")),
        ("tags: 'a'", ("a",)),
        ("tags: ['a' 'b']", ()),
        ("tags: ['a', b]", ()),
        ("tags: []", ()),
    ],
)
def test_lists_of_texts(script: str, texts: tuple[str, ...]) -> None:
    """Only texts between commas count, the last comma may be there or not."""
    assert literals(script).texts("tags") == texts


def test_comment_that_is_never_closed_extends_to_the_end() -> None:
    """No program runs such a file."""
    assert literals("tags: 'a' /* blog: 'b'").text("tags") == "a"
    assert literals("tags: 'a' /* blog: 'b'").text("blog") == ""


@pytest.mark.parametrize(
    "script",
    ["/* " * 30_000, "tags: [" + "'a' " * 20_000 + "x", "blog: {" * 14_000],
    ids=["comments", "list", "objects"],
)
def test_any_script_is_read_in_linear_time(script: str) -> None:
    """The pattern of a list tried every way to share out its spaces, and never came to an end."""
    found = literals(script)
    assert (found.texts("tags"), found.texts("blog")) == ((), ())
    assert all(each.text("blog") == "" for each in found.objects(r"\bblog\s*:"))
