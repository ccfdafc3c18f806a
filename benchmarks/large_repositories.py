"""Measure the first start with large repositories: CPU time to the first feed, memory, disk.

A history of 50,000 commits and 20,000 posts, one folder of 20,000 posts, and a remote repository of
500 posts with 200 MB of pictures, with and without partial clones. Other repositories can be named:
a folder or URL is read with nothing but its name and a site URL.

CPU time is that of the service and of all its processes, git included; memory is the maximum of the
service and of its git commands. The goal is 10 CPU seconds.

Usage: python benchmarks/large_repositories.py [REPOSITORY ...]
"""

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.goals import record_goal
from harness.large_repository import Shape
from harness.service_process import process_tree, run_service, wait_until

GOAL: Final = 10.0
"""CPU seconds to the first feed."""

SHAPES: Final = {
    "history": Shape(posts=20_000, commits=50_000),
    "folder": Shape(posts=20_000, commits=500, is_flat=True),
    "pictures": Shape(posts=500, commits=1_000, picture_bytes=400_000),
}
SETTINGS: Final = """
[service]
title = "Benchmark"
public_url = "https://feeds.example.gov"

[[sources]]
name = "news"
repository = "{repository}"
ref = "{ref}"
site_url = "https://www.example.gov"
id_authority = "www.example.gov"
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one start cost: CPU and wall seconds, megabytes of memory and of the mirror."""

    cpu: float
    wall: float
    memory: float
    mirror: float


def memory_peak(pid: int) -> float:
    """Return the megabytes that the process and its running children had at most, added up."""
    kilobytes = 0
    for process in process_tree(pid):
        status = Path(f"/proc/{process}/status").read_text()
        kilobytes += int(status.partition("VmHWM:")[2].split()[0])
    return kilobytes / 1024


def folder_size(folder: Path) -> float:
    """Return the megabytes of the files in ``folder``."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def measure(repository: str, ref: str = "main") -> Figures:
    """Start the service without anything stored, until it serves the first feed."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        (folder / "syndicate.toml").write_text(SETTINGS.format(repository=repository, ref=ref))
        started = time.perf_counter()
        with run_service(folder) as server:
            wait_until(lambda: server.get("/feeds/all.json").status == http.client.OK, pause=0.2)
            return Figures(
                cpu=server.cpu_seconds(with_children=True),
                wall=time.perf_counter() - started,
                memory=memory_peak(server.pid),
                mirror=folder_size(folder / "var" / "mirrors"),
            )


def report(name: str, figures: Figures) -> None:
    """Print one line."""
    print(
        f"  {name:32} CPU {figures.cpu:6.1f} s ({figures.cpu / GOAL:4.2f} of the goal), "
        f"{figures.wall:6.1f} s, {figures.memory:5.0f} MB, mirror {figures.mirror:6.1f} MB"
    )
    record_goal(f"first start, {name}", figures.cpu, GOAL, "CPU s")


@contextmanager
def filters(repository: Path, *, are_allowed: bool) -> Iterator[str]:
    """Yield the URL of ``repository``, whose host allows filters or refuses them."""
    setting = ("uploadpack.allowFilter", str(are_allowed).lower())
    subprocess.run(["git", "-C", str(repository), "config", *setting], check=True)
    yield f"file://{repository}"


def branch_of(repository: str) -> str:
    """Return the branch that HEAD of ``repository`` names."""
    command = ["git", "ls-remote", "--symref", repository, "HEAD"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return output.partition("ref: refs/heads/")[2].split()[0]


def main() -> None:
    """Print the figures."""
    print("large repositories: the first start, until the first feed")
    for repository in sys.argv[1:]:
        where = str(Path(repository).absolute()) if Path(repository).exists() else repository
        report(repository[-32:], measure(where, branch_of(where)))
    if sys.argv[1:]:
        return
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        for name, shape in SHAPES.items():
            generated = Path(temporary, name)
            shape.write(generated)
            if not shape.picture_bytes:
                report(name, measure(str(generated)))
            for are_allowed in (False, True):
                kind = "a partial" if are_allowed else "a full"
                with filters(generated, are_allowed=are_allowed) as url:
                    report(f"{name}, {kind} clone of it", measure(url))


if __name__ == "__main__":
    main()
