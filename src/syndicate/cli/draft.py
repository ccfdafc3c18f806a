"""A draft of `syndicate.toml`, in which every guess says where it is from; pure."""

import json
import re
from collections.abc import Iterator

from syndicate.cli.guess import Guess

PLACEHOLDER = "https://www.example.gov"
"""Where nothing says what the site is."""


def draft(guess: Guess, *, name: str, repository: str, ref: str) -> str:
    """Return settings with one source called ``name`` that follow ``guess``."""
    return "\n".join(_lines(guess, name, repository, ref)) + "\n"


def _lines(guess: Guess, name: str, repository: str, ref: str) -> Iterator[str]:
    because = guess.reasons
    yield "# Guessed from the repository: look at each line, then try `syndicate doctor`."
    yield "# What else can be set is in docs/reference/settings.md and `syndicate config schema`."
    yield ""
    yield "[service]"
    yield f"title = {_text(guess.title or name)}"
    yield "# Where readers reach this service; every address in feeds begins with it."
    yield '# public_url = "https://feeds.example.gov"'
    yield ""
    yield "[[sources]]"
    yield "# Stands in addresses and decides the ids of posts: never change it once it is public."
    yield f"name = {_text(name)}"
    yield f"repository = {_text(repository)}"
    yield f"ref = {_text(ref)}"
    yield "# Where dated posts with front matter were found."
    yield f"folders = [{', '.join(_text(folder) for folder in guess.folders)}]"
    if guess.left_out:
        yield f"# Not taken, though dated pages are there: {_comment(', '.join(guess.left_out))}"
    yield f"dialect = {_text(guess.dialect)}  # {_comment(because['dialect'])}"
    if guess.site_url:
        yield f"site_url = {_text(guess.site_url)}  # {_comment(because['site_url'])}"
    else:
        yield "# CHANGE THIS: nothing here says where the site is, and ids of posts depend on it."
        yield f"site_url = {_text(PLACEHOLDER)}"
    for key, value, otherwise in (
        ("title", guess.title, '"Example agency"  # display name; default: the name'),
        ("timezone", guess.timezone, '"America/New_York"  # of dates without a zone; else UTC'),
        ("language", guess.language, '"es"  # of posts that name none; else en'),
        ("permalink", guess.permalink, '"/:year/:month/:day/:title/"  # else that of the dialect'),
    ):
        if value:
            yield f"{key} = {_text(value)}  # {_comment(because[key])}"
        else:
            yield f"# {key} = {otherwise}"
    yield '# assets = "serve"  # images from the repository instead of the site'
    yield from _categories(guess)


def _categories(guess: Guess) -> Iterator[str]:
    if guess.categories:
        yield ""
        yield "# The most frequent categories. All others have feeds as well. `aliases` merges"
        yield "# spellings, and `syndicate check` reports categories that only one post has."
    for category in guess.categories:
        yield "[[categories]]"
        yield f"slug = {_text(category.slug)}"
        yield f"title = {_text(category.title)}"


def _text(text: str) -> str:
    """Return ``text`` as a string of TOML; what the settings would fill in is not meant here."""
    kept = text.encode("utf-8", "replace").decode().replace("${", "$ {").replace("\x7f", "")
    return json.dumps(kept, ensure_ascii=False)


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
