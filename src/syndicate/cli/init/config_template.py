"""The text of a new `syndicate.toml`, with a comment on the origin of each detected value."""

import json
import re
from collections.abc import Iterator

from syndicate.cli.init.detection import DetectedSettings


def settings_text(detected: DetectedSettings, *, name: str, repository: str, ref: str) -> str:
    """Return settings with one source called ``name`` and the detected values."""
    return "\n".join(_lines(detected, name, repository, ref)) + "\n"


def _lines(detected: DetectedSettings, name: str, repository: str, ref: str) -> Iterator[str]:
    reasons = detected.reasons
    yield "# Detected in the repository: check each line, then run `syndicate doctor`."
    yield "# All settings: docs/reference/settings.md and `syndicate config schema`."
    yield ""
    yield "[service]"
    yield f"title = {_toml_string(detected.title or name)}"
    yield "# URL of this service for readers; all URLs in feeds begin with this one."
    yield '# public_url = "https://feeds.example.gov"'
    yield ""
    yield "[[sources]]"
    yield "# Part of URLs and of the IDs of posts: do not change the name after publication."
    yield f"name = {_toml_string(name)}"
    yield f"repository = {_toml_string(repository)}"
    yield f"ref = {_toml_string(ref)}"
    yield "# Folders with dated posts."
    yield f"folders = [{', '.join(_toml_string(folder) for folder in detected.folders)}]"
    if detected.left_out:
        yield f"# Not taken, though dated pages are there: {_comment(', '.join(detected.left_out))}"
    yield f"dialect = {_toml_string(detected.dialect)}  # {_comment(reasons['dialect'])}"
    if detected.site_url:
        yield f"site_url = {_toml_string(detected.site_url)}  # {_comment(reasons['site_url'])}"
    else:
        yield "# The URL of the site was not found: set this value before serving."
        yield '# site_url = "https://…"'
    for key, value, default in (
        ("title", detected.title, '"Example agency"  # display name; default: the name'),
        ("timezone", detected.timezone, '"America/New_York"  # of dates without a zone; else UTC'),
        ("language", detected.language, '"es"  # of posts that name none; else en'),
        ("permalink", detected.permalink, '"/:year/:month/:day/:title/"  # else of the dialect'),
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
    """Return ``text`` as a TOML string without variables that the settings would replace."""
    escaped = text.encode("utf-8", "replace").decode().replace("${", "$ {").replace("\x7f", "")
    return json.dumps(escaped, ensure_ascii=False)


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
