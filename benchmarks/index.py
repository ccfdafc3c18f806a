"""Measure an index: the 18F folder with ids and *updated* from its whole history.

Without a cache and with one. CPU time of this process and its git commands, compared with git alone
for the same history; the best of several rounds. The folder is read from SYNDICATE_CORPORA, else
from ../shared/corpora.
"""

import os
import pathlib
import resource
import subprocess
import tempfile
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from harness.goals import record_goal

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import Path, Source

BUNDLE: Final = (
    pathlib.Path(os.environ.get("SYNDICATE_CORPORA", "../shared/corpora")) / "18f.bundle"
)
ROUNDS: Final = 3
COLD_GOAL, WARM_GOAL = 3.0, 0.5


def cpu() -> float:
    """Return the CPU seconds that this process and its children have used."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def best_cpu_seconds(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of ``work``."""
    costs: list[float] = []
    for _ in range(ROUNDS):
        before = cpu()
        work()
        costs.append(cpu() - before)
    return min(costs)


def index_corpus(folder: pathlib.Path, cache: pathlib.Path | None) -> SourceSnapshot:
    """Return the snapshot of the 18F posts, indexed from the beginning."""
    source = Source(
        name="18f",
        title="18F",
        repository=str(folder),
        folders=(Path("content/posts"),),
        dialect="jekyll",
        site_url="https://18f.gsa.gov",
        id_authority="18f.gsa.gov",
        zone=ZoneInfo("UTC"),
        permalink="/:year/:month/:day/:title/",
    )
    cache_store = Cache(cache)
    with Repository.open(source.repository, ref="main", mirrors=folder) as repository:
        source_index = SourceIndex(source, repository, cache=cache_store, vocabulary=Vocabulary())
        snapshot = source_index.snapshot(repository.head())
    cache_store.close()
    return snapshot


def main() -> None:
    """Print the figures."""
    if not BUNDLE.exists():
        print(f"index: skipped, {BUNDLE} is not here")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = pathlib.Path(temporary) / "18f.git", pathlib.Path(temporary) / "cache.db"
        subprocess.run(["git", "clone", "-q", "--mirror", str(BUNDLE), str(folder)], check=True)
        history = [
            "git",
            "-C",
            str(folder),
            "log",
            "--first-parent",
            "--raw",
            "-z",
            "-M50%",
            "main",
        ]
        git = best_cpu_seconds(
            lambda: subprocess.run(history, check=True, stdout=subprocess.DEVNULL)
        )
        cold = best_cpu_seconds(lambda: index_corpus(folder, None))
        posts = len(index_corpus(folder, cache).posts)
        warm = best_cpu_seconds(lambda: index_corpus(folder, cache))
    print(f"index: {posts} posts of 18F, CPU seconds (goal), ratio to git's own log of {git:.2f} s")
    for name, cost, goal in (("cold", cold, COLD_GOAL), ("with the cache", warm, WARM_GOAL)):
        print(f"  {name:15} {cost:5.2f} ({goal:.1f})  {cost / git:5.1f} x")
        record_goal(f"index of 18F, {name}", cost, goal, "CPU s")


if __name__ == "__main__":
    main()
