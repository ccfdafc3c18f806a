"""Another version of the renderer shows posts in another way, and announces nothing."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.content_repository import ContentRepository
from tests.project_documents import ROOT
from tests.publisher.conftest import FIRST, SECOND, post_file


@dataclass(frozen=True, kw_only=True)
class Published:
    """What one version of the program published; ``events`` are titles, the oldest first."""

    version: str
    content: dict[str, str]
    events: list[str]


def publish(package: pathlib.Path, folder: pathlib.Path) -> Published:
    """Publish the posts in ``folder`` with the program whose package is in ``package``."""
    completed = subprocess.run(
        [sys.executable, "-m", "tests.publisher.publish_once", folder],
        env={**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{ROOT}"},
        check=True,
        capture_output=True,
    )
    return Published(**json.loads(completed.stdout))


def other_version(folder: pathlib.Path) -> pathlib.Path:
    """Return a copy of the program that knows no emphasis."""
    shutil.copytree(ROOT / "src", folder, ignore=shutil.ignore_patterns("__pycache__"))
    allowlist = folder / "syndicate" / "render" / "allowlist.py"
    text = allowlist.read_text()
    assert " dt em" in text
    allowlist.write_text(text.replace(" dt em", " dt"))
    return folder


@pytest.mark.slow
def test_renderer_that_changed_is_silent_towards_subscribers(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Only posts whose text changes for today's renderer are announced."""
    content.commit({FIRST: post_file("First", "*Words.*"), SECOND: post_file("Second")})
    today, other = ROOT / "src", other_version(tmp_path / "other-version")

    before = publish(today, tmp_path)
    after = publish(other, tmp_path)
    assert before.version != after.version
    assert before.content["First"] == "<p><em>Words.</em></p>"
    assert after.content["First"] == "<p>Words.</p>"
    assert before.events == after.events == []

    content.commit({SECOND: post_file("Second", "Other words.")})
    assert publish(other, tmp_path).events == ["Second"]
    content.commit({FIRST: post_file("First", "Words.")})
    assert publish(other, tmp_path).events == ["Second"]
