"""The text of a short `syndicate.toml`, which leaves to the site what the site says; pure."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syndicate.cli.init.site_detection import DetectedSite
from syndicate.sites.site import ConfiguredValue, PostFolder


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
        yield f"# Readers of {_comment(detected.feed.name)} know posts by other IDs than tag URIs."
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
    yield f"# markdown: {_comment(markdown)}"
    for folder in site.folders:
        yield f"# folder {_comment(_folder(folder))}"
    for left in site.left_out:
        yield f"# not taken: {_comment(left.path)}: {_comment(left.reason)}"
    for problem in site.problems:
        yield f"# problem: {_comment(problem.what)}. {_comment(problem.hint)}"


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
    return _comment(f"{value.value} ({value.origin})") if value else "not said"


def _string(text: str) -> str:
    """Return ``text`` as a TOML string in which nothing is interpolated."""
    kept = text.encode("utf-8", "replace").decode().replace("${", "$ {").replace("\x7f", "")
    return json.dumps(kept, ensure_ascii=False)


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
