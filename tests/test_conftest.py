"""The rules that hold for every test are kept by tests of our own making."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[1]


def run_pytest(folder: Path, *options: str, **environment: str) -> str:
    """Run the tests of ``folder`` under the rules of ours; return what pytest says."""
    (folder / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nmarkers = ['corpora', 'slow', 'unmeasured']\n"
        "[tool.coverage.run]\nbranch = true\nsource = ['syndicate']\n"
        "[tool.coverage.report]\nfail_under = 100\nshow_missing = true\n"
    )
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_cov", "-rA", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.stdout


SKIPPING_TEST = (
    "import pytest\ndef test_a(): pytest.skip('no such thing here')\ndef test_b(): pass\n"
)


@pytest.mark.slow
def test_skipped_test_is_reported(tmp_path: Path) -> None:
    """Where skipping is allowed, the summary counts it and says why."""
    (tmp_path / "test_it.py").write_text(SKIPPING_TEST)
    output = run_pytest(tmp_path)
    assert "1 passed, 1 skipped" in output
    assert "no such thing here" in output


@pytest.mark.slow
def test_skipped_test_fails_with_no_skips(tmp_path: Path) -> None:
    """With SYNDICATE_NO_SKIPS=1 the same test fails, and its reason is said."""
    (tmp_path / "test_it.py").write_text(SKIPPING_TEST)
    output = run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")
    assert "1 failed, 1 passed" in output
    assert "SYNDICATE_NO_SKIPS=1 forbids to skip" in output
    assert "no such thing here" in output


@pytest.mark.slow
def test_skipped_module_fails_with_no_skips(tmp_path: Path) -> None:
    """A file that skips itself while it is collected is no way around the rule."""
    text = "import pytest\npytest.skip('not on this machine', allow_module_level=True)\n"
    (tmp_path / "test_it.py").write_text(text)
    assert "1 skipped" in run_pytest(tmp_path)
    assert "1 error" in run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")


@pytest.mark.slow
def test_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    """A test that is known to fail stays what it is."""
    text = "import pytest\n@pytest.mark.xfail\ndef test_a(): raise ValueError\n"
    (tmp_path / "test_it.py").write_text(text)
    assert "1 xfailed" in run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")


def make_package(folder: Path) -> None:
    """Write a package with the name of ours, and a test that executes one of its two functions."""
    (folder / "syndicate").mkdir()
    (folder / "syndicate" / "__init__.py").touch()
    (folder / "syndicate" / "measured.py").write_text(
        "from functools import cache\n@cache\ndef a():\n    return 1\ndef b():\n    return 2\n"
    )
    (folder / "test_it.py").write_text(
        "from syndicate import measured\ndef test_b(): assert measured.b() == 2\n"
    )


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("test_a.py", "@pytest.mark.corpora\ndef test_a()"),
        ("test_a.py", "@pytest.mark.unmeasured\ndef test_a()"),
        ("test_a.py", "@given(strategies.none())\ndef test_a(_)"),
        ("system/test_a.py", "def test_a()"),
    ],
    ids=["corpora", "unmeasured", "property", "system"],
)
def test_coverage_ignores_some_tests(tmp_path: Path, name: str, test: str) -> None:
    """A line that only such a test executes is missing."""
    make_package(tmp_path)
    (tmp_path / "system").mkdir()
    (tmp_path / name).write_text(
        "import pytest\nfrom hypothesis import given, strategies\n"
        f"from syndicate import measured\n{test}: assert measured.a() == 1\n"
    )
    output = run_pytest(tmp_path, "--cov", "--cov-report=term-missing")
    assert re.search(r"measured\.py .*%   4\n", output)
    assert "Required test coverage of 100.0% not reached" in output
    assert output.rstrip().splitlines()[-1].strip("= ").startswith("2 passed")


@pytest.mark.slow
def test_coverage_counts_cached_functions_of_ignored_tests(tmp_path: Path) -> None:
    """A later test that counts executes them again."""
    make_package(tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import pytest\nfrom syndicate import measured\n"
        "@pytest.mark.corpora\ndef test_a(): assert measured.a() == 1\n"
        "def test_b(): assert measured.a() + measured.b() == 3\n"
    )
    output = run_pytest(tmp_path, "--cov")
    assert "Total coverage: 100.00%" in output
    assert "2 passed" in output


TESTS_OF_EACH_SPEED: Final = """
import pytest

@pytest.mark.corpora
def test_corpora(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.fixture(params=["sqlite", "postgresql"])
def url(request): return request.param

def test_database(url): pass

def test_server(postgresql): pass

def test_plain(): pass
"""


@pytest.mark.slow
def test_fast_selection_excludes_slow_tests(tmp_path: Path) -> None:
    """Those in ``system``, of the corpora, on PostgreSQL and marked so are deselected."""
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "test_whole.py").write_text("def test_whole(): pass\n")
    (tmp_path / "test_it.py").write_text(TESTS_OF_EACH_SPEED)

    output = run_pytest(tmp_path, "--fast")

    assert "2 passed, 5 deselected" in output
    assert "test_database[sqlite]" in output
    assert "test_plain" in output


@pytest.mark.slow
def test_git_process_left_running_is_an_error(tmp_path: Path) -> None:
    """Of the module that started it; a fixture of the module may have one."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\nfrom subprocess import PIPE, Popen\n"
        "def start(): return Popen(['git', 'cat-file', '--batch'], stdin=PIPE)\n"
        "@pytest.fixture(scope='module')\n"
        "def process():\n"
        "    process = start()\n"
        "    yield process\n"
        "    process.communicate()\n"
        "def test_a(process): assert process.poll() is None\n"
    )
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert "1 passed in" in run_pytest(tmp_path)
    with (tmp_path / "test_it.py").open("a") as file:
        file.write("left = []\ndef test_b(): left.append(start())\n")
    output = run_pytest(tmp_path)
    assert "2 passed, 1 error" in output
    assert "git processes left running: ['git cat-file --batch']" in output
