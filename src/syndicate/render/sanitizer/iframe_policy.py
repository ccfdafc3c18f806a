"""Decides which frames stay: players of well-known hosts and of those the settings name.

A frame that stays may run scripts with the origin of its host, so its URL must mean the same to us
and to a browser (URL Standard, https://url.spec.whatwg.org/). Instead of repeating a browser's
parser, everything that is not plainly canonical is refused: user information, a port, a host that
is not written in lower-case ASCII, and in the path dot segments, ``%2E``, ``%2F``, ``%5C``, ``%25``
and encoded control characters. A refused frame becomes a link.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

from syndicate.render.allowlist import IFRAME_HOSTS, IFRAME_SANDBOX

_CHARACTER: Final = (
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@\-]|%(?!2[EeFf]|5[Cc]|25|[01][0-9A-Fa-f]|7[Ff])[0-9A-Fa-f]{2})"
)
_SEGMENT: Final = rf"(?!\.\.?(?:[/?#]|\Z)){_CHARACTER}*+"
_CANONICAL: Final = re.compile(
    rf"https?://(?P<host>[a-z0-9\-]+(?:\.[a-z0-9\-]+)*)(?P<path>(?:/{_SEGMENT})*+)(?P<rest>[?#][!-~]*)?"
)


def allowed_iframe(
    attributes: Mapping[str, str], extra_hosts: Collection[str]
) -> dict[str, str] | None:
    """Return the attributes of a frame that may stay, None if it may not.

    ``values`` are its allowed attributes with an absolute ``src``; ``hosts`` those of the
    settings, with which any path goes. The frame is fetched by https, late, and in a sandbox.
    """
    url = _CANONICAL.fullmatch(attributes["src"])
    if url is None:
        return None
    host, path = url["host"], url["path"]
    is_player = host in IFRAME_HOSTS and path.startswith(IFRAME_HOSTS[host])
    if not is_player and host not in {name.lower() for name in extra_hosts}:
        return None
    kept = {key: text for key, text in attributes.items() if key not in ("loading", "sandbox")}
    kept["src"] = f"https://{host}{path or '/'}{url['rest'] or ''}"
    return kept | {"loading": "lazy", "sandbox": IFRAME_SANDBOX}


def link_text(attributes: Mapping[str, str]) -> str:
    """Return the words for a link to what a frame would have shown."""
    return (
        attributes.get("title", "").strip()
        or f"Embedded content from {urlsplit(attributes['src']).hostname}"
    )
