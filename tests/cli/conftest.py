"""Running commands in this process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from syndicate import telemetry
from syndicate.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command left behind: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `syndicate` with the given arguments; afterwards the log is as it was."""
    setting = telemetry._setting  # noqa: SLF001 — commands set up the log, which outlives them
    before = (setting.form, setting.threshold)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = left.value.code
        return Outcome(
            code=code if isinstance(code, int) else 0, out=captured.out, err=captured.err
        )

    yield call
    setting.form, setting.threshold = before
