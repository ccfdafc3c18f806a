"""What rendering costs: our own posts and 18F's, beside bare Python-Markdown on the same text.

CPU time in one process, in turns: everything we do to a body (template code, blocks, inlines,
sanitizing, plain text, notes) against `markdown.Markdown` with `extra` and `sane_lists`, set up
once and reset; the best of several rounds. Then 2,000 posts are rendered in a workroom of two
processes, as the service does it: wall time, and CPU time with all it takes to start them. The
18F folder is read from SYNDICATE_CORPORA, else from ../shared/corpora.
"""

import os
import pathlib
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from markdown import Markdown
from rig.content import Repository as Content

from syndicate.cache import Cache
from syndicate.git import Repository
from syndicate.index.part import SourceIndex
from syndicate.index.target import Targets
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path, Source
from syndicate.render.body import render
from syndicate.render.job import Job
from syndicate.render.workroom import Workroom

BUNDLE: Final = (
    pathlib.Path(os.environ.get("SYNDICATE_CORPORA", "../shared/corpora")) / "18f.bundle"
)
ROUNDS: Final = 5
POSTS: Final = 2_000
GOAL: Final = 2.2
"""CPU milliseconds of a post of 300 words: 10,000 in 11 s on two cores."""


def source(name: str, folder: pathlib.Path, posts: str) -> Source:
    """Return a source whose posts are at ``posts`` in the repository ``folder``."""
    return Source(
        name=name,
        title=name,
        repository=str(folder),
        folders=(Path(posts),),
        dialect="jekyll",
        site_url="https://www.example.gov",
        id_authority="www.example.gov",
        zone=ZoneInfo("UTC"),
        permalink="/:year/:month/:day/:title/",
    )


def jobs(of: Source, room: pathlib.Path) -> list[tuple[Job, ...]]:
    """Return what is to be rendered of each post: its body and its summaries."""
    with Repository.open(of.repository, ref="main", mirrors=room) as repository:
        index = SourceIndex(of, repository, cache=Cache(None), vocabulary=Vocabulary())
        posts = index.part(repository.head()).posts
        return [one.jobs for one in index.manuscripts(posts, Targets(posts=posts))]


def contents(room: pathlib.Path) -> Iterator[tuple[str, list[tuple[Job, ...]]]]:
    """Yield the posts to render, and their name."""
    own = Content(room / "own.git", POSTS)
    yield "our own, 300 words", jobs(source("own", own.folder, "posts"), room)
    if BUNDLE.exists():
        folder = room / "18f.git"
        subprocess.run(["git", "clone", "-q", "--mirror", str(BUNDLE), str(folder)], check=True)
        yield "18F", jobs(source("18f", folder, "content/posts"), room)
    else:
        print(f"rendering: skipped 18F, {BUNDLE} is not here")


def cpu() -> float:
    """Return the CPU seconds that this process and the children that ended have used."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def best(*works: Callable[[], object]) -> list[float]:
    """Return the least CPU seconds that each of ``works`` takes, in turns with the others."""
    costs: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, taken in zip(works, costs, strict=True):
            before = cpu()
            work()
            taken.append(cpu() - before)
    return [min(taken) for taken in costs]


def full(every: Sequence[Job]) -> None:
    """Render ``every`` job in this process."""
    for job in every:
        render(job)


def bare(bodies: Sequence[str]) -> None:
    """Convert ``bodies`` with Python-Markdown alone."""
    markdown = Markdown(extensions=["extra", "sane_lists"])
    for body in bodies:
        markdown.reset()
        markdown.convert(body)


def together(every: Sequence[Job]) -> tuple[float, float]:
    """Return the wall seconds of ``every`` job in two processes, and all CPU seconds of these."""
    workroom = Workroom(processes=2)
    workroom.render(every[:200])  # so that both have started
    before, begun = cpu(), time.perf_counter()
    workroom.render(every)
    wall = time.perf_counter() - begun
    workroom.close()
    time.sleep(0.5)  # until the processes have ended, and are counted
    return wall, cpu() - before


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as room:
        print(
            "rendering: CPU ms a post | bare Python-Markdown | ratio | in two processes: CPU, wall"
        )
        for name, posts in contents(pathlib.Path(room)):
            every = [job for post in posts for job in post]
            bodies = [body.body for body, *_ in posts]
            ours, theirs = best(partial(full, every), partial(bare, bodies))
            times = POSTS // len(posts)
            wall, both = together(every * times)
            each = 1_000 / len(posts)
            print(
                f"  {name:20} {ours * each:5.2f} | {theirs * each:5.2f} | {ours / theirs:4.2f}"
                f" | {both * each / times:5.2f}, {wall * each / times:5.2f}"
            )
        print(f"  goal for posts of 300 words: {GOAL} CPU ms, all that serves them included")


if __name__ == "__main__":
    main()
