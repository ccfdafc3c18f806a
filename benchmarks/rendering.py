"""Measure rendering: generated posts and 18F's, compared with bare Python-Markdown.

CPU time in one process, alternating: everything Syndicate does with a body (template tags, blocks,
inline patterns, sanitizing, plain text, diagnostics) and `markdown.Markdown` with `extra` and
`sane_lists`, set up once and reset; the best of several rounds. Then 2,000 posts are rendered in a
render pool of two processes, as in the service: wall time, and CPU time including their start. The
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

from harness.post_repository import PostRepository as Content
from markdown import Markdown

from syndicate.cache import Cache
from syndicate.content.link_targets import LinkTargets
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path, Source
from syndicate.render.messages import RenderRequest
from syndicate.render.pipeline import render
from syndicate.render.pool.process_pool import RenderPool

BUNDLE: Final = (
    pathlib.Path(os.environ.get("SYNDICATE_CORPORA", "../shared/corpora")) / "18f.bundle"
)
ROUNDS: Final = 5
POSTS: Final = 2_000
GOAL: Final = 2.2
"""CPU milliseconds for a post of 300 words: 10,000 in 11 s on two cores."""


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


def render_requests(post_source: Source, folder: pathlib.Path) -> list[tuple[RenderRequest, ...]]:
    """Return the render requests of each post: for its body and its summaries."""
    with Repository.open(post_source.repository, ref="main", mirrors=folder) as repository:
        index = SourceIndex(post_source, repository, cache=Cache(None), vocabulary=Vocabulary())
        posts = index.snapshot(repository.head()).posts
        return [
            render_input.requests
            for render_input in index.render_inputs(posts, LinkTargets(posts=posts))
        ]


def post_sets(temporary: pathlib.Path) -> Iterator[tuple[str, list[tuple[RenderRequest, ...]]]]:
    """Yield the sets of posts to render, with their names."""
    generated = Content(temporary / "own.git", POSTS)
    yield "our own, 300 words", render_requests(source("own", generated.folder, "posts"), temporary)
    if BUNDLE.exists():
        folder = temporary / "18f.git"
        subprocess.run(["git", "clone", "-q", "--mirror", str(BUNDLE), str(folder)], check=True)
        yield "18F", render_requests(source("18f", folder, "content/posts"), temporary)
    else:
        print(f"rendering: skipped 18F, {BUNDLE} is not here")


def cpu() -> float:
    """Return the CPU seconds that this process and the children that ended have used."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def best_cpu_seconds(*functions: Callable[[], object]) -> list[float]:
    """Return the least CPU seconds of each of ``functions``, which alternate."""
    durations: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, function_durations in zip(functions, durations, strict=True):
            before = cpu()
            function()
            function_durations.append(cpu() - before)
    return [min(function_durations) for function_durations in durations]


def render_all(requests: Sequence[RenderRequest]) -> None:
    """Process all ``requests`` in this process."""
    for request in requests:
        render(request)


def convert_all(bodies: Sequence[str]) -> None:
    """Convert ``bodies`` with Python-Markdown alone."""
    markdown = Markdown(extensions=["extra", "sane_lists"])
    for body in bodies:
        markdown.reset()
        markdown.convert(body)


def render_in_two_processes(requests: Sequence[RenderRequest]) -> tuple[float, float]:
    """Return wall seconds and total CPU seconds of ``requests`` in two processes."""
    pool = RenderPool(processes=2)
    pool.render(requests[:200])  # to start both processes
    before, started = cpu(), time.perf_counter()
    pool.render(requests)
    wall = time.perf_counter() - started
    pool.close()
    time.sleep(0.5)  # until the processes have ended and their CPU time is counted
    return wall, cpu() - before


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        print(
            "rendering: CPU ms a post | bare Python-Markdown | ratio | in two processes: CPU, wall"
        )
        for name, posts in post_sets(pathlib.Path(temporary)):
            requests = [job for post in posts for job in post]
            bodies = [body.body for body, *_ in posts]
            syndicate_seconds, markdown_seconds = best_cpu_seconds(
                partial(render_all, requests), partial(convert_all, bodies)
            )
            repetitions = POSTS // len(posts)
            wall, pool_cpu_seconds = render_in_two_processes(requests * repetitions)
            ms_per_post = 1_000 / len(posts)
            print(
                f"  {name:20} {syndicate_seconds * ms_per_post:5.2f}"
                f" | {markdown_seconds * ms_per_post:5.2f}"
                f" | {syndicate_seconds / markdown_seconds:4.2f}"
                f" | {pool_cpu_seconds * ms_per_post / repetitions:5.2f}"
                f", {wall * ms_per_post / repetitions:5.2f}"
            )
        print(f"  goal for posts of 300 words: {GOAL} CPU ms, all that serves them included")


if __name__ == "__main__":
    main()
