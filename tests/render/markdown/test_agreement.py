"""Readers of real posts see what the engines of their sites show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from harness import markdown_engines
from harness.markdown_engines import Body, Truth, differing, load_truth, missing, shares

from syndicate.model.markdown_options import MarkdownOptions
from syndicate.render.markdown import commonmark, kramdown


@dataclass(frozen=True, kw_only=True)
class Judge:
    """An engine, our flavour for it, and the least share of each corpus that must be the same."""

    engine: str
    run: Callable[[Sequence[str], Path], Sequence[str]]
    convert: Callable[[str], str]
    least: Mapping[str, float]


def run_kramdown(texts: Sequence[str], _: Path, *, typographer: bool = False) -> Sequence[str]:
    """Run kramdown, which needs no folder."""
    return markdown_engines.kramdown(texts, typographer=typographer)


KRAMDOWN_SITES = {"usds": 0.99, "login": 0.99, "18f": 0.97}
JUDGES = {
    "kramdown": Judge(
        engine="kramdown",
        run=run_kramdown,
        convert=partial(kramdown.to_html, options=MarkdownOptions()),
        least=KRAMDOWN_SITES,
    ),
    "kramdown with typography": Judge(
        engine="kramdown",
        run=partial(run_kramdown, typographer=True),
        convert=partial(kramdown.to_html, options=MarkdownOptions(typographer=True)),
        least=KRAMDOWN_SITES,
    ),
    "markdown-it": Judge(
        engine="markdown-it",
        run=lambda texts, _: markdown_engines.markdown_it(texts),
        convert=partial(commonmark.to_html, options=MarkdownOptions()),
        least=dict.fromkeys(KRAMDOWN_SITES, 0.99),
    ),
    "goldmark": Judge(
        engine="goldmark",
        run=markdown_engines.goldmark,
        convert=partial(commonmark.to_html, options=MarkdownOptions(autolinks=True)),
        least=dict.fromkeys(KRAMDOWN_SITES, 0.99),
    ),
}


@pytest.fixture(scope="module")
def truth() -> Truth:
    """Return the comparison beside the corpora."""
    found = load_truth()
    if found is None:
        pytest.skip(f"{markdown_engines.TRUTH} is not here; SYNDICATE_CORPORA names the folder")
    return found


@pytest.fixture(scope="module")
def bodies(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> list[Body]:
    """Return the bodies of all corpora."""
    return truth.bodies(tmp_path_factory.mktemp("corpora"))


@pytest.mark.corpora
@pytest.mark.parametrize("name", JUDGES)
def test_readers_see_what_the_engine_shows(
    name: str, truth: Truth, bodies: list[Body], tmp_path: Path
) -> None:
    """Words, structure, and targets of links and images are the same."""
    judge = JUDGES[name]
    if package := missing(judge.engine):
        pytest.skip(f"{judge.engine} is not installed: {package}")
    outputs = judge.run([body.text for body in bodies], tmp_path)
    different = [body for body, _, _ in differing(truth, bodies, outputs, judge.convert)]
    same = shares(bodies, different)
    below = {
        corpus: same[corpus]
        for corpus, least in judge.least.items()
        if same[corpus][0] < least * same[corpus][1]
    }
    assert below == {}, [body.path for body in different]
