"""No document installs a package that is not ours: names on a package index belong to others."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.project_documents import ROOT, code_blocks

DISTRIBUTION: Final = "syndicate-feeds"
REPOSITORY: Final = "https://git.example.gov/syndicate"
"""Stands for the repository in every document."""
TAG: Final = "v0.2.0"
DISTRIBUTION_PATTERN: Final = f"{DISTRIBUTION} @ git+{REPOSITORY}@{TAG}"
CHECK_CONTENT: Final = "docs/how-to/check-content.md"

INSTALLERS: Final = re.compile(
    r"""\b(?:
        pip[\d.]*\s+(?:install|download|wheel)
      | pipx\s+(?:install|run|inject|upgrade)
      | uv\s+(?:pip\s+install|tool\s+(?:install|run)|add|run\s+--with)
      | uvx
      | (?:poetry|pdm|rye|hatch)\s+add
      | (?:conda|mamba|easy_install)\s+install
    )(?=\s|=)""",
    re.VERBOSE,
)
WITH_VALUE: Final = {
    *("-r", "--requirement", "-c", "--constraint", "-f", "--find-links", "-t", "--target"),
    *("-i", "--index-url", "--extra-index-url", "--python", "--platform", "--dest", "-d"),
}
"""Options whose next word is no name."""

DOCUMENT_SUFFIXES: Final = {".md", ".yaml", ".yml", ".toml", ".html", ".txt", ".in", ".service", ""}


def documents() -> list[Path]:
    """Return every committed text that people copy lines from, and the Dockerfile."""
    output = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    paths = [Path(name) for name in output.split("\0") if name]
    return [
        path
        for path in paths
        if path.suffix in DOCUMENT_SUFFIXES and path.parts[0] not in ("tests", "content")
    ]


def installed_names(text: str) -> Iterator[str]:
    """Yield every requirement that a line of ``text`` has a program install from an index."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        for match in INSTALLERS.finditer(line):
            arguments = re.split(r"`|&&|\|\||[;|<>]\s|\s#\s", line[match.end() :])[0]
            yield from requirements(arguments.removeprefix("="))
        for names in re.findall(r"additional_dependencies:\s*\[(.*)\]", line):
            yield from (name.strip(" '\"") for name in names.split(",") if name.strip())
    for fenced_block in re.findall(r"additional_dependencies:[ ]*\n((?:[ ]*-[ ].*\n?)+)", text):
        yield from (line.strip(" -'\"") for line in fenced_block.splitlines())


def requirements(arguments: str) -> Iterator[str]:
    """Yield the words of a command line that are neither options nor files."""
    try:
        words = shlex.split(arguments)
    except ValueError:  # prose with an apostrophe
        words = arguments.split()
    skips = False
    for word in words:
        if not skips and not word.startswith("-") and not is_file(word):
            yield word
        skips = word in WITH_VALUE


def is_file(word: str) -> bool:
    """Return whether pip takes a word as a file or folder of this machine."""
    return "://" not in word and (word in (".", "..") or "/" in word or word.endswith(".whl"))


@pytest.mark.parametrize("document", documents(), ids=str)
def test_documents_install_only_our_distribution(document: Path) -> None:
    """Only our distribution, from our repository, at the tag."""
    assert {*installed_names((ROOT / document).read_text())} <= {DISTRIBUTION_PATTERN}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("pip install syndicate", "syndicate"),
        ("- run: python -m pip install --upgrade 'syndicate>=3'", "syndicate>=3"),
        ("RUN pip3.12 install -r requirements.txt \\\n    syndicate", "syndicate"),
        ("Type `pipx install syndicate` and", "syndicate"),
        ("pipx run syndicate check", "syndicate"),
        ("uvx syndicate check", "syndicate"),
        ("uv tool install syndicate-feeds", "syndicate-feeds"),
        ("uv pip install syndicate[all] && syndicate serve", "syndicate[all]"),
        ("additional_dependencies: [syndicate]", "syndicate"),
        ("additional_dependencies:\n  - 'syndicate==3.0.0'\n", "syndicate==3.0.0"),
        ("cd x; pip install -q syndicate; ls", "syndicate"),
        ("pip install git+https://example.org/syndicate", "git+https://example.org/syndicate"),
        (
            f'pip install "{DISTRIBUTION} @ git+{REPOSITORY}@main"',
            f"{DISTRIBUTION_PATTERN[:-6]}main",
        ),
    ],
)
def test_every_install_command_is_recognized(line: str, name: str) -> None:
    """The walk over the documents would refuse each of them."""
    assert name in {*installed_names(line)}
    assert name != DISTRIBUTION_PATTERN


@pytest.mark.parametrize(
    "line",
    [
        f'pip install "{DISTRIBUTION_PATTERN}"',
        "pip install --no-deps --require-hashes -r requirements/run.txt",
        "pip install --no-deps --no-build-isolation -e .",
        "`pip install` takes a name",
        "sudo apt install python3-venv",
        "uv pip compile --output-file requirements/run.txt requirements/run.in",
        "- **pip install**s nothing",
    ],
)
def test_other_lines_are_accepted(line: str) -> None:
    """Files, our distribution, and programs that are not Python packages."""
    assert {*installed_names(line)} <= {DISTRIBUTION_PATTERN}


def test_guide_shows_how_to_install() -> None:
    """The walk finds the line that it is there for."""
    assert DISTRIBUTION_PATTERN in {*installed_names((ROOT / CHECK_CONTENT).read_text())}


def examples() -> list[dict[str, object]]:
    """Return the examples of YAML in the document for agencies."""
    return [yaml.safe_load(block) for block in code_blocks(CHECK_CONTENT, "yaml")]


def test_documented_workflow_matches_the_action() -> None:
    """A checkout, and the action of our repository at the tag."""
    (workflow,) = [example for example in examples() if "jobs" in example]
    assert yaml.safe_dump(workflow["jobs"]) == yaml.safe_dump(
        {
            "check": {
                "runs-on": "ubuntu-latest",
                "steps": [
                    {"uses": "actions/checkout@v4"},
                    {"uses": f"<owner>/syndicate@{TAG}"},
                ],
            }
        }
    )


def test_pre_commit_example_names_our_repository_and_hook() -> None:
    """At the tag, with an id that the repository has."""
    (example,) = [example["repos"] for example in examples() if "repos" in example]
    assert isinstance(example, list)
    (repository,) = example
    assert (repository["repo"], repository["rev"]) == (REPOSITORY, TAG)
    published_hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in published_hooks}


def test_every_document_names_the_same_tag() -> None:
    """No line refers to a version of this project that is not the one of the documents."""
    text = "\n".join((ROOT / path).read_text() for path in documents() if path.suffix == ".md")
    assert set(re.findall(r"(?:/syndicate@(?=v\d)|rev: )(\S+?)[\"`\s]", text)) == {TAG}
