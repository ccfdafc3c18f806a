"""Decides which frames stay: players of well-known hosts and of those the settings name."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from syndicate.render.allowed import EMBEDS, SANDBOX


def frame(values: Mapping[str, str], hosts: Collection[str]) -> dict[str, str] | None:
    """Return the attributes of a frame that may stay, None if it may not.

    ``values`` are its allowed attributes with an absolute ``src``; ``hosts`` those of the
    settings. The frame is fetched by https, late, and in a sandbox.
    """
    parts = urlsplit(values["src"])
    host = parts.hostname or ""
    known = host in EMBEDS and parts.path.startswith(EMBEDS[host])
    if not known and host not in {name.lower() for name in hosts}:
        return None
    kept = {key: text for key, text in values.items() if key not in ("loading", "sandbox")}
    kept["src"] = parts._replace(scheme="https").geturl()
    return kept | {"loading": "lazy", "sandbox": SANDBOX}


def description(values: Mapping[str, str]) -> str:
    """Return the words for a link to what a frame would have shown."""
    return (
        values.get("title", "").strip()
        or f"Embedded content from {urlsplit(values['src']).hostname}"
    )
