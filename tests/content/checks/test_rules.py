"""The table of rules, beside the code that applies them and the page that explains them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from syndicate.content.checks.rules import RULES
from syndicate.model.edition import ProblemLevel

ROOT = Path(__file__).parents[3]
GRAVITY = get_args(ProblemLevel)


def text(node: ast.expr | None) -> str:
    """Return the value of a string literal, empty for other nodes."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def applied(call: ast.Call) -> tuple[str, str]:
    """Return rule and level of the problem that ``call`` reports, empty if there is none."""
    given = {keyword.arg: text(keyword.value) for keyword in call.keywords}
    name = ast.unparse(call.func)
    if name == "ContentError" and given.get("code"):
        return given["code"], "error"
    if name in ("reader.report", "self.report"):
        return text(call.args[0]), given.get("level") or "warning"
    if name in ("Problem", "FieldProblem", "Diagnostic", "UnlocatedDiagnostic", "_problem"):
        return given.get("rule", ""), given.get("level", "")
    return "", ""


def reports() -> Iterator[tuple[str, str]]:
    """Yield (rule, level) of everything that the code reports."""
    for file in (ROOT / "src" / "syndicate").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (found := applied(node))[0]:
                yield found


@pytest.mark.slow
def test_every_applied_rule_is_in_the_table() -> None:
    """The table has no other rules, and each has the highest level that it is reported with."""
    gravest: dict[str, str] = {}
    for rule, level in reports():
        gravest[rule] = min(level, gravest.get(rule, level), key=GRAVITY.index)

    assert gravest == {rule.name: rule.level for rule in RULES.values()}


def test_reference_page_lists_every_rule() -> None:
    """In the order of the table, the highest level first."""
    page = (ROOT / "docs" / "reference" / "check.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert rows == [
        f"| `{rule.name}` | {rule.level} | {rule.meaning} | {rule.remedy} |"
        for rule in RULES.values()
    ]
    levels = [GRAVITY.index(rule.level) for rule in RULES.values()]
    assert levels == sorted(levels)
