"""Settings files for the tests of settings."""

from pathlib import Path

import pytest

from syndicate.settings import Settings, load

DATA = Path(__file__).parents[1] / "data" / "settings"

MINIMAL_SETTINGS = """
[[sources]]
name = "news"
repository = "website.git"
folders = ["_posts"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
"""


def write(folder: Path, text: str = MINIMAL_SETTINGS) -> Path:
    """Write settings into ``folder`` and return their file."""
    file = folder / "syndicate.toml"
    file.write_text(text)
    return file


@pytest.fixture
def complete_settings(tmp_path: Path) -> Settings:
    """Load settings with a value for every key."""
    (tmp_path / "secret.txt").write_text("of the file\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").touch()
    file = write(tmp_path, (DATA / "whole.toml").read_text())
    return load(file, {"PORT": "8080", "DATABASE_PASSWORD": "pass:word"})
