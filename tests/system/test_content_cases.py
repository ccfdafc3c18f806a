"""Small repositories of one post each, and the expected content of their feeds."""

import json
import runpy
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests import corpora
from tests.cli.conftest import Run, run

__all__ = ["run"]

CASES: Final = corpora.CORPORA.parent / "cases" / "content"


@pytest.fixture(scope="module")
def check() -> Callable[[Any, Path], Sequence[str]]:
    """Return the function of the cases' own program that commits the files of one and checks it.

    It looks at the output of `syndicate show` and `syndicate check`.
    """
    if not CASES.exists():
        pytest.skip(f"{CASES} is not here; SYNDICATE_CORPORA names the folder beside it")
    found: Callable[[Any, Path], Sequence[str]] = runpy.run_path(str(CASES / "check.py"))["run"]
    return found


@pytest.mark.corpora
def test_every_case_is_there() -> None:
    """One for each kind of fault at least."""
    assert not CASES.exists() or len([*CASES.glob("*/case.json")]) >= 32


@pytest.mark.corpora
@pytest.mark.parametrize(
    "case", sorted(CASES.glob("*/case.json")), ids=lambda path: path.parent.name
)
def test_feed_of_the_case_passes_its_check(
    case: Path,
    check: Callable[[Any, Path], Sequence[str]],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its commands run in this process, which takes a third of the time."""

    def run_here(command: Sequence[Any], **options: Any) -> object:  # noqa: ANN401 — of the program
        if command[0] == "git":
            return subprocess.run(command, **options)  # noqa: PLW1510 — the program says
        outcome = run(*command[1:], "--config", options["env"]["SYNDICATE_CONFIG"])
        return SimpleNamespace(returncode=outcome.code, stdout=outcome.out, stderr=outcome.err)

    monkeypatch.setitem(check.__globals__, "subprocess", SimpleNamespace(run=run_here))
    assert check(json.loads(case.read_text()), tmp_path) == []
