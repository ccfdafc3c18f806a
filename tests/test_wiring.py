"""Objects are complete once they are constructed: nobody assigns their attributes from outside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unmeasured  # reads the code of the project, and executes none

SOURCE = Path(__file__).parents[1] / "src" / "syndicate"

ALLOWED = {
    # Objects of libraries:
    ("cache.py", "text_factory"),
    ("channels/connection.py", "url"),
    ("feeds/formats/atom.py", "text"),
    ("feeds/formats/feedgen_adapter.py", "text"),
    ("render/pages/jinja.py", "filters"),
    ("web/discovery.py", "text"),
    ("web/discovery.py", "text"),
    # State that changes while something is read or sent, of objects with one user:
    ("channels/connection.py", "has_received"),
    ("channels/connection.py", "uses"),
    ("content/source_index.py", "commit"),
    ("dialects/document/plain_values.py", "meta"),
    ("web/feeds.py", "is_current"),
    ("web/http/rate_limit.py", "admit"),
    ("web/http/response_cache.py", "count"),
    # uvicorn constructs its configuration before ours can be in it:
    ("web/http/server.py", "monitor"),
}
"""Attributes that may be assigned from outside, by the file that does so."""

REPLACED = "render/markdown/"
"""Another parser comes in place of what is in this folder."""


def declared_attributes(tree: ast.Module) -> Iterator[str]:
    """Yield the names of the attributes that the classes of a module have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield statement.target.id
                if isinstance(statement, ast.FunctionDef) and statement.decorator_list:
                    yield statement.name  # a property, perhaps a cached one
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node):
            yield node.attr


def is_own(target: ast.Attribute) -> bool:
    """Return whether an object or class assigns an attribute of itself."""
    return isinstance(target.value, ast.Name) and target.value.id in ("self", "cls")


def assigned_from_outside(trees: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """Return, by file, the attributes assigned that a class of another module of ours has.

    Names stand for types: an attribute that a class of the same module has counts as its own, and
    one that no class of ours has belongs to a library.
    """
    declared = {file: set(declared_attributes(tree)) for file, tree in trees.items()}
    ours = set().union(*declared.values())
    return {
        (file, node.attr)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del)
        if not is_own(node) and node.attr in ours - declared[file]
    }


@pytest.mark.slow
def test_no_attribute_is_assigned_from_outside() -> None:
    """A constructor tells everything that an object needs."""
    trees = {
        str(file.relative_to(SOURCE)): ast.parse(file.read_text()) for file in SOURCE.rglob("*.py")
    }
    trees = {file: tree for file, tree in trees.items() if not file.startswith(REPLACED)}
    assert assigned_from_outside(trees) - ALLOWED == set()


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("ledger.on_enqueued = wake", {("b.py", "on_enqueued")}),
        ("self.ledger.on_enqueued = wake", {("b.py", "on_enqueued")}),
        ("del ledger.on_enqueued", {("b.py", "on_enqueued")}),
        ("ledger.limit += 1", {("b.py", "limit")}),
        ("self.on_enqueued = wake", set()),
        ("element.tail = ''", set()),
    ],
)
def test_assignments_from_outside_are_found(
    assignment: str, expected: set[tuple[str, str]]
) -> None:
    """Those to an object itself, and to objects of libraries, are not."""
    ledger = "class Ledger:\n  limit: int = 0\n  def __init__(self):\n    self.on_enqueued = None\n"
    trees = {"a.py": ast.parse(ledger), "b.py": ast.parse(assignment)}
    assert assigned_from_outside(trees) == expected
