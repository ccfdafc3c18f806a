"""The rules that hold for every test are kept by tests of our own making."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]


def run_pytest(folder: Path, *options: str, **environment: str) -> str:
    """Run the tests of ``folder`` under the rules of ours; return what pytest says."""
    (folder / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nmarkers = ['corpora']\n"
        "[tool.coverage.run]\nbranch = true\nsource = ['measured']\n"
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


def test_skipped_test_is_reported(tmp_path: Path) -> None:
    """Where skipping is allowed, the summary counts it and says why."""
    (tmp_path / "test_it.py").write_text(SKIPPING_TEST)
    output = run_pytest(tmp_path)
    assert "1 passed, 1 skipped" in output
    assert "no such thing here" in output


def test_skipped_test_fails_with_no_skips(tmp_path: Path) -> None:
    """With SYNDICATE_NO_SKIPS=1 the same test fails, and its reason is said."""
    (tmp_path / "test_it.py").write_text(SKIPPING_TEST)
    output = run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")
    assert "1 failed, 1 passed" in output
    assert "SYNDICATE_NO_SKIPS=1 forbids to skip" in output
    assert "no such thing here" in output


def test_skipped_module_fails_with_no_skips(tmp_path: Path) -> None:
    """A file that skips itself while it is collected is no way around the rule."""
    text = "import pytest\npytest.skip('not on this machine', allow_module_level=True)\n"
    (tmp_path / "test_it.py").write_text(text)
    assert "1 skipped" in run_pytest(tmp_path)
    assert "1 error" in run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")


def test_expected_failure_is_not_a_skip(tmp_path: Path) -> None:
    """A test that is known to fail stays what it is."""
    text = "import pytest\n@pytest.mark.xfail\ndef test_a(): raise ValueError\n"
    (tmp_path / "test_it.py").write_text(text)
    assert "1 xfailed" in run_pytest(tmp_path, SYNDICATE_NO_SKIPS="1")


def test_coverage_ignores_corpora_tests(tmp_path: Path) -> None:
    """A line that only a marked test runs is missing, one that any other test runs is not."""
    (tmp_path / "measured.py").write_text("def a():\n    return 1\ndef b():\n    return 2\n")
    (tmp_path / "test_it.py").write_text(
        "import measured, pytest\n"
        "@pytest.mark.corpora\ndef test_a(): assert measured.a() == 1\n"
        "def test_b(): assert measured.b() == 2\n"
    )
    output = run_pytest(tmp_path, "--cov", "--cov-report=term-missing")
    assert "75%   2\n" in output
    assert "Required test coverage of 100.0% not reached" in output
    assert output.rstrip().splitlines()[-1].strip("= ").startswith("2 passed")


def test_coverage_ignores_system_tests(tmp_path: Path) -> None:
    """Tests in the folder ``system`` are not traced."""
    (tmp_path / "measured.py").write_text("def a():\n    return 1\ndef b():\n    return 2\n")
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "test_whole.py").write_text(
        "import measured\ndef test_a(): assert measured.a() == 1\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import measured\ndef test_b(): assert measured.b() == 2\n"
    )
    output = run_pytest(tmp_path, "--cov", "--cov-report=term-missing")
    assert "75%   2\n" in output
    assert output.rstrip().splitlines()[-1].strip("= ").startswith("2 passed")


TESTS_OF_EACH_SPEED: Final = """
import pytest

@pytest.mark.corpora
def test_corpora(): pass

@pytest.fixture(params=["sqlite", "postgresql"])
def url(request): return request.param

def test_database(url): pass

def test_server(postgresql): pass

def test_plain(): pass
"""


def test_fast_selection_excludes_system_tests_and_postgresql(tmp_path: Path) -> None:
    """With --fast, tests in ``system``, of the corpora and on PostgreSQL are deselected."""
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "test_whole.py").write_text("def test_whole(): pass\n")
    (tmp_path / "test_it.py").write_text(TESTS_OF_EACH_SPEED)

    output = run_pytest(tmp_path, "--fast")

    assert "2 passed, 4 deselected" in output
    assert "test_database[sqlite]" in output
    assert "test_plain" in output
