"""Compare the flavours of Markdown with the engines of sites, on the posts of the corpora.

For each engine that is installed: how many bodies come out the same for readers, by corpus, and of
those that do not, where they begin to differ. The bodies and the comparison are those of
`render/truth.py` beside the corpora; `tests/render/markdown/test_agreement.py` requires the shares.

``--changed`` shows instead what is served of the posts whose text changed when the flavours came
to be read by the engines' own kind of parser, beside what the engine of their site writes.
"""

import difflib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from harness.markdown_engines import (
    TRUTH,
    Body,
    Truth,
    differing,
    goldmark,
    kramdown,
    load_truth,
    markdown_it,
    missing,
    shares,
)

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown.commonmark import to_html as commonmark_to_html
from syndicate.render.markdown.kramdown import to_html as kramdown_to_html

Engine = tuple[str, Callable[[Sequence[str], Path], Sequence[str]], Callable[[str], str]]
ENGINES: Final[tuple[Engine, ...]] = (
    (
        "kramdown",
        lambda texts, _: kramdown(texts),
        partial(kramdown_to_html, options=MarkdownOptions()),
    ),
    (
        "markdown-it",
        lambda texts, _: markdown_it(texts),
        partial(commonmark_to_html, options=MarkdownOptions()),
    ),
    (
        "goldmark",
        goldmark,
        partial(commonmark_to_html, options=MarkdownOptions(autolinks=True)),
    ),
)
_SHOWN: Final = 80
"""Characters shown around the first difference."""
CHANGED: Final = (
    *("2014-12-17-snippets", "2015-08-28", "2015-10-15", "2016-05-03", "2016-08-11", "2017-10-11"),
    *("2024-11-05", "2014-12-23-hub", "2016-11-25-what-18f-is-thankful"),
)
"""Beginnings of the names of the posts whose served text changed."""


def compare(truth: Truth, bodies: Sequence[Body], engine: Engine, folder: Path) -> None:
    """Print how many bodies agree, and the first difference of each other one."""
    name, run, convert = engine
    outputs = run([body.text for body in bodies], folder)
    started = time.process_time()
    for body in bodies:
        convert(body.text)
    milliseconds = (time.process_time() - started) * 1_000 / len(bodies)
    different = differing(truth, bodies, outputs, convert)
    counts = shares(bodies, [body for body, _, _ in different])
    figures = ", ".join(f"{corpus} {same} of {total}" for corpus, (same, total) in counts.items())
    print(f"{name}: {figures}; {milliseconds:.1f} ms of CPU a body")
    for body, ours, theirs in different:
        start = max(0, first_difference(ours, theirs) - _SHOWN // 2)
        print(f"  {body.path}")
        print(f"    ours   …{ours[start : start + _SHOWN]!r}")
        print(f"    engine …{theirs[start : start + _SHOWN]!r}")


def show_changed(truth: Truth, bodies: Sequence[Body]) -> None:
    """Print the posts in `CHANGED`: whether readers see the same, and lines that differ."""
    chosen = [body for body in bodies if Path(body.path).name.startswith(CHANGED)]
    options = MarkdownOptions()
    for body, output in zip(chosen, markdown_it([each.text for each in chosen]), strict=True):
        ours, theirs = commonmark_to_html(body.text, options=options), output
        is_same = truth.seen(ours) == truth.seen(theirs)
        print(f"\n{body.path}: {'the same' if is_same else 'not the same'} for readers")
        pair = (_lines(ours), _lines(theirs), "served", "engine")
        print(*difflib.unified_diff(*pair, n=0, lineterm=""), sep="\n")


def _lines(html: str) -> Sequence[str]:
    """Return ``html`` with an element of a block on each line."""
    return re.sub(r">\s*\n?\s*<", ">\n<", html.strip()).split("\n")


def first_difference(one: str, other: str) -> int:
    """Return the first offset at which two texts differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((offset for offset, (a, b) in pairs if a != b), min(len(one), len(other)))


def main() -> None:
    """Compare each engine that is installed."""
    truth = load_truth()
    if truth is None:
        print(f"markdown_agreement: skipped, {TRUTH} is not here")
        return
    with tempfile.TemporaryDirectory() as temporary:
        bodies = truth.bodies(Path(temporary))
        if "--changed" in sys.argv[1:]:
            show_changed(truth, bodies)
            return
        for engine in ENGINES:
            if package := missing(engine[0]):
                print(f"{engine[0]}: skipped, not installed: {package}")
            else:
                compare(truth, bodies, engine, Path(temporary) / engine[0])


if __name__ == "__main__":
    main()
