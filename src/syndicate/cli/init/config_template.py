"""The text of a new `syndicate.toml`, with a comment on the origin of each detected value."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syndicate.cli.init.detection import DetectedSettings
from syndicate.cli.init.site_detection import DetectedSite
from syndicate.sites.site import ConfiguredValue, PostFolder


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A source to be written down; ``site_url`` is empty where the site says it itself."""

    name: str
    repository: str
    ref: str
    site_url: str = ""


def service_text(title: str) -> str:
    """Return the beginning of a settings file: comments, and the service called ``title``."""
    return f"""\
# What is not set here comes out of the site's own configuration, in the same commit as
# the posts. `syndicate config show --derived` prints all of it.

[service]
title = {_string(title)}
# Where readers reach this service; every URL in feeds begins with it.
# public_url = "https://…"
# Where readers and partners can ask questions.
# contact = "…"

"""


def source_text(source: NewSource, detected: DetectedSite) -> str:
    """Return the settings of one source, with what was found in comments."""
    lines = (*_source(source, detected), *_ids(detected), *_found(detected))
    return "\n".join(lines) + "\n"


def _source(source: NewSource, detected: DetectedSite) -> Iterator[str]:
    yield "[[sources]]"
    yield f"name = {_string(source.name)}  # part of URLs and of post IDs: never change this value"
    yield f"repository = {_string(source.repository)}"
    if source.ref != "main":
        yield f"ref = {_string(source.ref)}"
    if detected.folders:
        yield "# The repository holds several sites: the folders of this one."
        yield f"folders = [{', '.join(map(_string, detected.folders))}]"
    if detected.language:
        yield f"language = {_string(detected.language)}"
        yield f"site_url = {_string(detected.site.base_url.value)}"
    if detected.id_authority:
        yield "# Part of post IDs: never change this value."
        yield f"id_authority = {_string(detected.id_authority)}"
    elif source.site_url:
        yield f"site_url = {_string(source.site_url)}"
    else:
        yield "# Nothing in the repository says where the site is: set this before serving."
        yield '# site_url = "https://…"'
    if detected.keys:
        yield "# Keys by which this site says the title, the authors or the date."
        yield f"keys = {{ {', '.join(_keys(detected))} }}"


def _keys(detected: DetectedSite) -> Iterator[str]:
    for field, keys in detected.keys.items():
        yield f"{field} = [{', '.join(map(_string, keys))}]"


def _ids(detected: DetectedSite) -> Iterator[str]:
    """Yield as comments the setting with which readers of the present feed keep what they know."""
    if detected.feed and detected.feed.ids:
        yield f"# Readers of {_quoted(detected.feed.name)} know posts by other IDs than tag URIs."
        yield "# If this service takes over that feed, set this before anybody reads from it:"
        yield f"# ids = {_string(detected.feed.ids)}"
    elif detected.guid_key:
        yield "# Readers of a feed that WordPress wrote know posts by this key. If this service"
        yield "# takes over that feed, set this before anybody reads from it:"
        yield f"# keys.guid = [{_string(detected.guid_key)}]"


def _found(detected: DetectedSite) -> Iterator[str]:
    """Yield as comments what the site says, with its origin, and what was left out."""
    site = detected.site
    yield ""
    yield f"# Found: {len(detected.posts)} posts of a site made with {site.engine}."
    for setting, value in (
        ("site_url", site.base_url),
        ("timezone", site.timezone),
        ("language", site.language),
    ):
        yield f"# {setting}: {_value(value)}"
    markdown = f"{site.markdown.engine} ({site.markdown.origin})"
    yield f"# markdown: {_quoted(markdown)}"
    for folder in site.folders:
        yield f"# folder {_quoted(_folder(folder))}"
    for left in site.left_out:
        yield f"# not taken: {_quoted(left.path)}: {_quoted(left.reason)}"
    for problem in site.problems:
        yield f"# problem: {_quoted(problem.what)}. {_quoted(problem.hint)}"


def source_names(name: str, sites: Sequence[DetectedSite]) -> list[str]:
    """Return a name for the source of each site: ``name``, and what tells the others apart."""
    names: list[str] = []
    for detected in sites:
        parts = [name]
        if names:
            parts += [detected.site.root, detected.language]
        made = slug = re.sub(r"[^a-z0-9]+", "-", "-".join(filter(None, parts)).lower()).strip("-")
        number = 1
        while made in names:
            number += 1
            made = f"{slug}-{number}"
        names.append(made)
    return names


def _folder(folder: PostFolder) -> str:
    permalink = folder.permalink
    parts = (folder.origin, permalink.value, f"({permalink.origin})" if permalink.origin else "")
    return f"{folder.path or '.'}: {' '.join(part for part in parts if part)}"


def _value(value: ConfiguredValue) -> str:
    return _quoted(f"{value.value} ({value.origin})") if value else "not said"


def _string(text: str) -> str:
    """Return ``text`` as a TOML string in which nothing is interpolated."""
    kept = text.encode("utf-8", "replace").decode().replace("${", "$ {").replace("\x7f", "")
    return json.dumps(kept, ensure_ascii=False)


def _quoted(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
