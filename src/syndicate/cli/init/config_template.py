"""A draft of `syndicate.toml`, in which every guess says where it is from; pure."""

import json
import re
from collections.abc import Iterator

from syndicate.cli.init.detection import DetectedSettings

PLACEHOLDER = "https://www.example.gov"
"""Where nothing says what the site is."""


def settings_text(detected: DetectedSettings, *, name: str, repository: str, ref: str) -> str:
    """Return settings with one source called ``name`` that follow ``guess``."""
    return "\n".join(_lines(detected, name, repository, ref)) + "\n"


def _lines(detected: DetectedSettings, name: str, repository: str, ref: str) -> Iterator[str]:
    reasons = detected.reasons
    yield "# Guessed from the repository: look at each line, then try `syndicate doctor`."
    yield "# What else can be set is in docs/reference/settings.md and `syndicate config schema`."
    yield ""
    yield "[service]"
    yield f"title = {_toml_string(detected.title or name)}"
    yield "# Where readers reach this service; every address in feeds begins with it."
    yield '# public_url = "https://feeds.example.gov"'
    yield ""
    yield "[[sources]]"
    yield "# Stands in addresses and decides the ids of posts: never change it once it is public."
    yield f"name = {_toml_string(name)}"
    yield f"repository = {_toml_string(repository)}"
    yield f"ref = {_toml_string(ref)}"
    yield "# Where dated posts with front matter were found."
    yield f"folders = [{', '.join(_toml_string(folder) for folder in detected.folders)}]"
    if detected.left_out:
        yield f"# Not taken, though dated pages are there: {_comment(', '.join(detected.left_out))}"
    yield f"dialect = {_toml_string(detected.dialect)}  # {_comment(reasons['dialect'])}"
    if detected.site_url:
        yield f"site_url = {_toml_string(detected.site_url)}  # {_comment(reasons['site_url'])}"
    else:
        yield "# CHANGE THIS: nothing here says where the site is, and ids of posts depend on it."
        yield f"site_url = {_toml_string(PLACEHOLDER)}"
    for key, value, default in (
        ("title", detected.title, '"Example agency"  # display name; default: the name'),
        ("timezone", detected.timezone, '"America/New_York"  # of dates without a zone; else UTC'),
        ("language", detected.language, '"es"  # of posts that name none; else en'),
        (
            "permalink",
            detected.permalink,
            '"/:year/:month/:day/:title/"  # else that of the dialect',
        ),
    ):
        if value:
            yield f"{key} = {_toml_string(value)}  # {_comment(reasons[key])}"
        else:
            yield f"# {key} = {default}"
    yield '# assets = "serve"  # images from the repository instead of the site'
    yield from _categories(detected)


def _categories(detected: DetectedSettings) -> Iterator[str]:
    if detected.categories:
        yield ""
        yield "# The most frequent categories. All others have feeds as well. `aliases` merges"
        yield "# spellings, and `syndicate check` reports categories that only one post has."
    for category in detected.categories:
        yield "[[categories]]"
        yield f"slug = {_toml_string(category.slug)}"
        yield f"title = {_toml_string(category.title)}"


def _toml_string(text: str) -> str:
    """Return ``text`` as a string of TOML; what the settings would fill in is not meant here."""
    escaped = text.encode("utf-8", "replace").decode().replace("${", "$ {").replace("\x7f", "")
    return json.dumps(escaped, ensure_ascii=False)


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
