"""Small repositories of one post each, and the expected content of their feeds."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests import corpora

CASE_CHECK: Final = corpora.CORPORA.parent / "cases" / "content" / "check.py"
CASE_NAMES: Final = (
    "01-inline-html-link",
    "04-summary-html-link",
    "11-kramdown-comment",
    "23-slug-jekyll",
    "25-slug-hugo-case",
    "27-double-hyphen",
    "30-name-hash",
    "31-publishdate-token",
    "33-unpadded-name",
    "36-hugo-lastmod-only",
    "37-bundle-resource",
    "39-build-list-never",
    "41-baseurl-image",
    "43-prepend",
    "45-include-url",
    "47-link-file",
    "49-relref-self",
    "51-md-link-translation",
    "52-cms-objects-tags",
    "55-cjk-summary",
    "57-mkdown",
    "59-title-legacy-entity",
    "61-eleventy-default-address",
    "63-more-hugo",
    "65-if-block",
)
"""The cases that pass; add a name when a change makes another one pass."""


@pytest.mark.corpora
@pytest.mark.parametrize("name", CASE_NAMES)
def test_feed_of_the_case_passes_its_check(name: str, tmp_path: Path) -> None:
    """The case's own program commits its files and checks the output of `syndicate show`."""
    if not CASE_CHECK.exists():
        pytest.skip(f"{CASE_CHECK} is not here; SYNDICATE_CORPORA names the folder beside it")
    command = Path(sys.executable).with_name("syndicate")
    completed = subprocess.run(
        [sys.executable, str(CASE_CHECK.resolve()), name],
        env=os.environ | {"SYNDICATE": str(command), "CASES_LAB": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert completed.stdout.endswith("\n1 of 1 hold\n"), completed.stdout
