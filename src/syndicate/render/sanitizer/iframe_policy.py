"""Decides which iframes are allowed: players of well-known hosts and of hosts in the settings.

An allowed iframe may run scripts with the origin of its host, so this module and a browser must
understand its URL alike (URL Standard, https://url.spec.whatwg.org/). Instead of reimplementing a
browser's parser, every URL that is not canonical is refused: user information, a port, a host that
is not lower-case ASCII, and in the path dot segments, ``%2E``, ``%2F``, ``%5C``, ``%25`` and
encoded control characters. A refused iframe becomes a link.
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
    """Return the attributes of an allowed iframe, None if it is refused.

    ``attributes`` are filtered and have an absolute ``src``; ``extra_hosts`` are those of the
    settings, which allow any path. The result loads over https, lazily, and in a sandbox.
    """
    url = _CANONICAL.fullmatch(attributes["src"])
    if url is None:
        return None
    host, path = url["host"], url["path"]
    is_player = host in IFRAME_HOSTS and path.startswith(IFRAME_HOSTS[host])
    if not is_player and host not in {name.lower() for name in extra_hosts}:
        return None
    allowed = {key: text for key, text in attributes.items() if key not in ("loading", "sandbox")}
    allowed["src"] = f"https://{host}{path or '/'}{url['rest'] or ''}"
    return allowed | {"loading": "lazy", "sandbox": IFRAME_SANDBOX}


def link_text(attributes: Mapping[str, str]) -> str:
    """Return the text of the link that replaces a refused iframe."""
    return (
        attributes.get("title", "").strip()
        or f"Embedded content from {urlsplit(attributes['src']).hostname}"
    )
