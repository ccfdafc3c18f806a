"""The built distributions contain every file that the service reads when it runs."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a wheel and a source distribution built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    return folder


def source_files(suffixes: set[str]) -> set[str]:
    """Return the files of the package with one of ``suffixes``, relative to ``src``."""
    files = (ROOT / "src" / "syndicate").rglob("*")
    return {file.relative_to(ROOT / "src").as_posix() for file in files if file.suffix in suffixes}


@pytest.mark.slow
def test_the_wheel_contains_every_module_and_data_file(distributions: Path) -> None:
    """An installed package has openapi.yaml, the page templates and the migrations."""
    (wheel,) = distributions.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "syndicate/web/openapi.yaml" in names
    assert source_files({".py", ".yaml", ".html", ".css", ".js", ".txt"}) - names == set()


def test_the_source_distribution_contains_every_module_and_data_file(distributions: Path) -> None:
    """A package built from the source distribution has them as well."""
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as archive_file:
        names = {name.partition("/src/")[2] for name in archive_file.getnames()}

    assert "syndicate/web/openapi.yaml" in names
    assert source_files({".py", ".yaml", ".html", ".css", ".js", ".txt"}) - names == set()
