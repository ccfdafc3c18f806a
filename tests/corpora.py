"""The corpora: bundles of real repositories of posts, and clones of them for tests."""

import os
import pathlib
import re
import subprocess
from html.parser import HTMLParser
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from syndicate.model.category import Category, CategoryDefinition, Vocabulary
from syndicate.model.post import Path, Source
from tests.content_repository import git_environment

CORPORA: Final = pathlib.Path(os.environ.get("SYNDICATE_CORPORA", "../shared/corpora"))

VOCABULARY: Final = Vocabulary(
    definitions=(
        CategoryDefinition(category=Category(slug="technology", title="Technology")),
        CategoryDefinition(
            category=Category(slug="tts", title="Technology Transformation Services"),
            aliases=("TTS", "technology-transformation-services"),
        ),
    )
)

USDS: Final = Source(
    name="usds",
    title="U.S. Digital Service",
    repository="usds",
    folders=(Path("_news-and-blog"),),
    dialect="news-and-blog",
    site_url="https://www.usds.gov",
    id_authority="www.usds.gov",
    zone=ZoneInfo("America/New_York"),
    permalink="/news-and-blog/:name",
)
LOGIN: Final = Source(
    name="login",
    title="Login.gov",
    repository="login",
    folders=(Path("content/_program_updates"),),
    dialect="program-updates",
    site_url="https://www.login.gov",
    id_authority="www.login.gov",
    zone=ZoneInfo("UTC"),
    permalink="/partners/program-updates/:name/",
)
EIGHTEEN_F: Final = Source(
    name="18f",
    title="18F",
    repository="18f",
    folders=(Path("content/posts"),),
    dialect="jekyll",
    site_url="https://18f.gsa.gov",
    id_authority="18f.gsa.gov",
    zone=ZoneInfo("UTC"),
    permalink="/:year/:month/:day/:title/",
)


def clone(name: str, folder: pathlib.Path) -> pathlib.Path:
    """Return a bare clone of the corpus ``name`` in ``folder``, with all its branches."""
    bundle = CORPORA / f"{name}.bundle"
    if not bundle.exists():
        pytest.skip(f"the corpus {bundle} is not here; SYNDICATE_CORPORA names its folder")
    target = folder / f"{name}.git"
    subprocess.run(
        ["git", "clone", "--quiet", "--mirror", str(bundle.resolve()), str(target)],
        env=git_environment(),
        check=True,
    )
    return target


def without_code(html: str) -> str:
    """Return ``html`` without the elements ``code`` and ``pre``."""
    return re.sub(r"<(pre|code)\b.*?</\1>", "", html, flags=re.DOTALL)


def relative_urls(html: str) -> list[str]:
    """Return the URLs in ``html`` that are not absolute."""
    urls: list[str] = []

    class Reader(HTMLParser):
        """Collects relative URLs."""

        @override
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            urls.extend(
                text or ""
                for name, text in attrs
                if name in ("href", "src", "poster", "cite")
                and not re.match(r"(https?|mailto|tel):|#", text or "")
            )

    Reader().feed(html)
    return urls
