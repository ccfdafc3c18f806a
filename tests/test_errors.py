"""Every error says what, why and what to do, and maps to a status and an exit code."""

import re
from collections.abc import Iterator

import pytest

from syndicate import errors
from syndicate.errors import ContentError, NotReady, SettingsError, SyndicateError


def classes(root: type[SyndicateError] = SyndicateError) -> Iterator[type[SyndicateError]]:
    """Yield ``root`` and everything below it, as defined in errors.py."""
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


CLASSES = tuple(classes())


def drawn() -> dict[str, tuple[str, int, int]]:
    """Read the tree of the module's docstring: class -> (its parent, exit code, HTTP status)."""
    tree = {"SyndicateError": ("Exception", 1, 500)}
    above = {0: "SyndicateError"}
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"([│ ]*)[├└]── (\w+)\b.*? exit (\d)(?: +HTTP (\d+))?$", line):
            indent, name, exit_code, status = found.groups()
            depth = len(indent) // 4 + 1
            tree[name] = (above[depth - 1], int(exit_code), int(status or 500))
            above[depth] = name
    return tree


def test_docstring_shows_the_tree_of_errors() -> None:
    """Every class below its parent, with its exit code and status."""
    assert drawn() == {
        cls.__name__: (cls.__mro__[1].__name__, cls.exit_code, cls.status) for cls in CLASSES
    }


@pytest.mark.parametrize("cls", CLASSES)
def test_error_has_a_message_and_a_hint(cls: type[SyndicateError]) -> None:
    """The message has object and cause; the hint is separate."""
    error = cls("source usds: ref main does not exist", hint="Set ref to a branch.")
    assert str(error) == error.message == "source usds: ref main does not exist"
    assert error.hint == "Set ref to a branch."
    assert cls("no hint").hint == ""


@pytest.mark.parametrize("cls", CLASSES)
def test_error_has_a_code(cls: type[SyndicateError]) -> None:
    """By default the class name in kebab case."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cls("x").code)
    assert NotReady("x").code == "not-ready"


def test_error_can_list_valid_values() -> None:
    """With a code of its own."""
    error = errors.UnknownName("no feed tss", code="unknown-feed", choices=("all", "tts"))
    assert (error.code, error.choices) == ("unknown-feed", ("all", "tts"))


def test_settings_error_lists_every_error() -> None:
    """All errors at once."""
    assert SettingsError("two mistakes", errors=("a", "b")).errors == ("a", "b")


def test_content_error_has_a_line() -> None:
    """Lines count from 1; 0 means no line."""
    assert ContentError("broken", line=3).line == 3
    assert ContentError("broken", code="bad-yaml").line == 0
