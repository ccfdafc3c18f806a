"""Private attributes of dependencies: they exist, and one module names them."""

import ast
import asyncio
import importlib
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import uvloop
from aiohttp.client_proto import ResponseHandler
from markdown_it import MarkdownIt

from syndicate import private_attributes
from tests.project_documents import ROOT

SOURCE_ROOT: Final = ROOT / "src"
GUARDED: Final = (
    *(private_attributes.FOLDER_MONITOR, private_attributes.RETRY),
    *(private_attributes.PROTOCOL_FACTORY, private_attributes.RULES),
    *private_attributes.CONNECTION,
)
OWN: Final = ("self", "super()")
PUBLIC: Final = frozenset({"_mapping", "_replace"})
"""Documented names of SQLAlchemy's rows and of named tuples."""


def test_uvloop_watches_folders() -> None:
    """Without it, changes of local repositories would be noticed by polling only."""
    loop = uvloop.new_event_loop()
    assert private_attributes.folder_monitor(loop) is not None
    loop.close()
    assert private_attributes.folder_monitor(object()) is None


@pytest.mark.anyio
async def test_aiohttp_has_what_is_changed() -> None:
    """A session retries by default, and its connections are of the given class."""
    connector = aiohttp.TCPConnector()
    async with aiohttp.ClientSession(connector=connector) as session:
        assert getattr(session, private_attributes.RETRY) is True
        private_attributes.prevent_retries(session)
        assert getattr(session, private_attributes.RETRY) is False
    assert getattr(connector, private_attributes.PROTOCOL_FACTORY).func is ResponseHandler
    private_attributes.set_protocol_factory(connector, object)
    assert getattr(connector, private_attributes.PROTOCOL_FACTORY) is object


@pytest.mark.anyio
async def test_connection_of_aiohttp_has_parser_and_body() -> None:
    """Both appear when a response is expected, and go when it ends."""
    protocol = ResponseHandler(asyncio.get_running_loop())
    private_attributes.require_connection(protocol)
    assert not private_attributes.has_parser(protocol)
    protocol.set_response_params()
    assert private_attributes.has_parser(protocol)
    protocol.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    assert isinstance(private_attributes.payload_of(protocol), aiohttp.StreamReader)
    private_attributes.end_response(protocol)
    assert private_attributes.payload_of(protocol) is None
    assert not private_attributes.has_parser(protocol)


def test_ruler_of_markdown_it_has_rules() -> None:
    """With names and functions."""
    rules = private_attributes.markdown_rules(MarkdownIt().block.ruler)
    assert {"blockquote", "list"} <= {rule.name for rule in rules if callable(rule.fn)}


def test_dependency_without_the_attribute_is_refused() -> None:
    """And the message says what to install."""
    for use in (
        private_attributes.prevent_retries,
        private_attributes.require_connection,
        private_attributes.markdown_rules,
        lambda owner: private_attributes.set_protocol_factory(owner, object),
    ):
        with pytest.raises(RuntimeError, match=r"object has no _.*requirements/run\.txt"):
            use(object())


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Yield every module of the service that may not name private attributes."""
    for path in sorted(SOURCE_ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE_ROOT).with_suffix("").parts)
        if path.stem not in ("__main__", "private_attributes") and ".migrations." not in name:
            yield name.removesuffix(".__init__"), path, ast.parse(path.read_text())


def private_names(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield each private attribute that is accessed, with the expression whose it is."""
    for access in ast.walk(node):
        if isinstance(access, ast.Attribute) and re.match(r"_[a-z]", access.attr):
            yield ast.unparse(access.value), access.attr


def inherited(class_: type) -> Iterator[str]:
    """Yield the private attributes that a class has from classes of other packages."""
    for parent in class_.__mro__[1:-1]:
        if not parent.__module__.startswith("syndicate"):
            yield from vars(parent)
            with suppress(OSError, TypeError):  # written in C, or made by a function
                yield from re.findall(r"\bself\.(_\w+)", inspect.getsource(parent))


def test_no_other_module_names_a_guarded_attribute() -> None:
    """Neither as an attribute nor as a text."""
    pattern = re.compile(rf"\.({'|'.join(GUARDED)})\b|\"({'|'.join(GUARDED)})\"")
    own = re.compile(r"self\._\w+")  # the next test is about these
    found = [
        (name, match[0])
        for name, path, _ in modules()
        for match in pattern.finditer(own.sub("", path.read_text()))
    ]
    assert found == []


def test_no_class_uses_private_attributes_of_a_foreign_parent() -> None:
    """As `self._parser` in a subclass of aiohttp's connection would be."""
    found = []
    for name, _, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                foreign = {*inherited(getattr(importlib.import_module(name), node.name))}
                names = {
                    attr for owner, attr in private_names(node) if owner in ("self", "super()")
                }
                found += [(name, node.name, attr) for attr in sorted(names & foreign - PUBLIC)]
    assert found == []


def test_private_attributes_are_accessed_on_own_objects_only() -> None:
    """Where the linter is silenced, the name is documented."""
    found = [
        (name, line.strip())
        for name, path, _ in modules()
        for line in path.read_text().splitlines()
        if "noqa: SLF001" in line and not any(f".{public}" in line for public in PUBLIC)
    ]
    assert found == []
