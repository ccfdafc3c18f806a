"""Every body of the corpora is rendered completely, safely, and with the blocks of its site."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

import html5lib
import pytest

from syndicate.model.markdown_options import KRAMDOWN
from syndicate.render.pipeline import render
from syndicate.render.sanitizer.sanitizer import sanitize
from syndicate.render.urls import UrlResolver, find_references
from tests import corpora
from tests.render.render_requests import PAGE, render_request

FRONT_MATTER = re.compile(r"\s*---\r?\n.*?\n---[ \t]*\r?\n", re.DOTALL)
REVISIONS = {
    "usds": ("main",),
    "login": ("main", "cms/program_updates/empowering-responsible-ai"),
    "18f": ("main", "main~300", "main~600"),
}


def bodies(name: str, revision: str, folder: Path) -> dict[str, str]:
    """Return the body of every Markdown file with front matter of a corpus, by its path."""
    repository = corpora.clone(name, folder)
    archive = subprocess.run(
        ["git", "-C", repository, "archive", "--format=tar", revision],
        capture_output=True,
        check=True,
    ).stdout
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for entry in files:
            content = files.extractfile(entry) if entry.name.endswith(".md") else None
            text = content.read().decode(errors="surrogateescape") if content else ""
            matter = FRONT_MATTER.match(text)
            if matter:
                found[entry.name] = text[matter.end() :]
    return found


@pytest.mark.corpora
@pytest.mark.parametrize("name", REVISIONS)
def test_every_body_is_safe_and_complete(name: str, tmp_path: Path) -> None:
    """No template tag, no relative URL, no parse error; stable, and diagnostics have a place.

    A body that several revisions have is rendered once.
    """
    found = (bodies(name, revision, tmp_path / revision) for revision in REVISIONS[name])
    paths = {body: path for revision in found for path, body in revision.items()}
    assert paths
    for body, path in paths.items():
        rendering = render(render_request(body))
        content = rendering.content
        assert not re.search(r"\{\{|\{%", corpora.without_code(content)), path
        assert corpora.relative_urls(content) == [], path
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        parser.parseFragment(content)
        assert sanitize(content, UrlResolver(page_url=PAGE), key="k1").html == content, path
        assert all(note.line >= 5 for note in rendering.diagnostics), path
        assert not any("{" in reference for reference in find_references(body, KRAMDOWN).links), (
            path
        )
