"""The goals that benchmarks compare their figures with, and the table of all at the end.

Each benchmark records a line for every goal, also when it is run alone. `make bench` starts with
an empty file and prints its table: goal, figure, and whether the goal was met.
"""

import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

FILE: Final = Path("var/bench/goals.jsonl")
"""The records, one JSON object a line."""


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that a benchmark measured, and the limit that it is compared with."""

    benchmark: str
    name: str
    value: float
    limit: float
    unit: str
    better: Literal["lower", "higher"]

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit if self.better == "lower" else self.value >= self.limit


def record_goal(
    name: str,
    value: float,
    limit: float,
    unit: str = "",
    *,
    better: Literal["lower", "higher"] = "lower",
) -> bool:
    """Record ``value`` for the table; return whether it is within ``limit``.

    A benchmark that measures several cases of one goal records the worst of them.
    """
    goal = Goal(
        benchmark=Path(sys.argv[0]).stem,
        name=name,
        value=value,
        limit=limit,
        unit=unit,
        better=better,
    )
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("ab") as records:
        records.write(msgspec.json.encode(goal) + b"\n")
    return goal.is_met


def table(goals: list[Goal]) -> str:
    """Return a line for each goal, in the order in which they were recorded."""
    lines = [f"{'benchmark':<20}{'goal':<46}{'limit':>16}{'now':>10}"]
    for goal in goals:
        limit = f"{'≤' if goal.better == 'lower' else '≥'} {goal.limit:,.6g} {goal.unit}".strip()
        value = f"{goal.value:,.0f}" if goal.value >= 100 else f"{goal.value:.3g}"
        missed = "" if goal.is_met else "  missed"
        lines.append(f"{goal.benchmark:<20}{goal.name:<46}{limit:>16}{value:>10}{missed}")
    return "\n".join(lines)


def main() -> None:
    """Print the table of the recorded goals."""
    records = FILE.read_bytes().splitlines() if FILE.exists() else []
    print(table([msgspec.json.decode(record, type=Goal) for record in records]))


if __name__ == "__main__":
    main()
