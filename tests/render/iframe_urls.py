"""URLs of frames that a browser resolves to something else than the player they look like."""

from itertools import product
from typing import Final

BACKSLASH: Final = "\\"

TRAVERSALS: Final = (
    *("../download/x", "%2e%2e/download/x", "%2E%2E/download/x", ".%2e/download/x"),
    *("%2E./download/x", "./../download/x", "x/../../download/x", "x/%2e%2E/%2e%2e/download/x"),
    *("%2e/%2e%2e/download/x", "..", "%2e%2e", "x/../..", "..?a=b", "%2E%2E#a"),
    *(f"..{BACKSLASH}download/x", f"x{BACKSLASH}..{BACKSLASH}..{BACKSLASH}download/x"),
    *(f"%2e%2e{BACKSLASH}download", ".\t./download/x", "%2\ne%2e/download/x", ".\r\n./x"),
    *("%252e%252e/download/x", "..%2Fdownload/x", "..%5cdownload/x", "x%2f..%2f../download"),
    *("\uff0e\uff0e/../download/x", "%00/../x", "a%00b", "a%0db", "%7f"),
)
"""Paths behind the prefix of a player that lead, or may lead, out of it."""

AUTHORITIES: Final = (
    *("user@archive.org", "user:secret@archive.org", "archive.org@evil.example", "@archive.org"),
    *("archive.org:8443", "archive.org:80", "archive.org:0", "archive.org:65535", "archive.org:-1"),
    *("archive.org:99999", "archive.org:8o", "archive.org.", "archive.org..", "evilarchive.org"),
    *(
        "archive.org.evil.example",
        "archive.org%2eevil.example",
        "arch\u00efve.org",
        "www.archive.org",
    ),
    *(
        f"evil.example{BACKSLASH}@archive.org",
        "evil.example#@archive.org",
        "[::1]",
        "archive%00.org",
    ),
    *("\u0430rchive.org", "archive\u2024org", "archive.org\u3002evil.example", "xn--80a.org"),
)
"""Authorities that are not exactly a known host."""

SPELLINGS: Final = (
    "https://archive.org/embed/x",
    "http://archive.org/embed/x",
    "//archive.org/embed/x",
    f"https:{BACKSLASH}{BACKSLASH}archive.org{BACKSLASH}embed{BACKSLASH}x",
    "https:archive.org/embed/x",
    "https:/archive.org/embed/x",
    "https:////archive.org/embed/x",
    "HTTPS://ARCHIVE.ORG/embed/x",
    " \t\nhttps://arch\nive.org/em\tbed/x ",
    "https://archive\u3002org/embed/x",
    "https://archive\uff0eorg/embed/x",
    "https://\uff41rchive.org/embed/x",
    "https://archive.org:/embed/x",
)
"""Ways to write the URL of a player that a browser understands as that very player."""

PLAYERS: Final = (
    "https://archive.org/embed/some-id/a%20file.mp4?start=1#t=2",
    "https://www.youtube.com/embed/abc_DEF-123?rel=0&start=5",
    "https://www.youtube-nocookie.com/embed/...",
    "https://player.vimeo.com/video/123?h=a/../b",
    "https://youtube.com/embed/x..y/.z/...",
)
"""URLs of players as agencies write them, and some with dots that are no dot segments."""


def refused_urls() -> list[str]:
    """Return URLs of frames that must become links."""
    prefixes = (
        "https://archive.org/embed/",
        "//www.youtube.com/embed/",
        "http://youtube.com/embed/",
    )
    return [
        *(prefix + path for prefix, path in product(prefixes, TRAVERSALS)),
        *(f"https://{authority}/embed/x" for authority in AUTHORITIES),
        *(
            "https://archive.org/Embed/x",
            "https://archive.org/embed",
            "https://archive.org/%65mbed/x",
        ),
        *(
            "data:text/html,x",
            "javascript:alert(1)",
            "blob:https://archive.org/embed/x",
            "https:///",
        ),
    ]
