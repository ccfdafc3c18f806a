"""How kramdown reads the elements of HTML (kramdown 2.4, "HTML Blocks")."""

import re
from typing import Final

from syndicate.render.allowlist import name_set

SPAN_ELEMENTS: Final = name_set(
    "a abbr acronym b bdo big br button cite code del dfn em i img input ins kbd label mark option"
    " q rb rbc rp rt rtc ruby samp select small span strong sub sup tt u var"
)
"""Elements that begin no block."""

BLOCK_ELEMENTS: Final = name_set(
    "address applet article aside blockquote body caption col colgroup dd div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe legend li"
    " main map menu nav ol optgroup p pre section summary table tbody td tfoot th thead tr ul"
)
"""Elements whose tags are text inside of a paragraph."""

BLOCK_CONTENT: Final = name_set(
    "address applet article aside blockquote body dd details div dl fieldset figcaption figure"
    " footer form header hgroup iframe li main map menu nav noscript object section summary td"
)
"""Elements that hold blocks where Markdown is read in them."""

SPAN_CONTENT: Final = name_set(
    "a abbr acronym b bdo big button caption cite del dfn dt em h1 h2 h3 h4 h5 h6 i ins label"
    " legend optgroup p q rb rbc rp rt rtc ruby select small span strong sub sup th tt"
)
"""Elements that hold text where Markdown is read in them; it is read in no others."""

_BARE_AMPERSAND: Final = re.compile(r"&(?!(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z_:][\w.:-]*);)")


def escaped_as_by_kramdown(html: str) -> str:
    """Return ``html`` with ampersands of no reference and comments without an end escaped.

    A browser resolves references without a semicolon (``?a=1&copy``), and such a comment hides the
    rest of the text.
    """
    end = html.rfind("-->") + 1
    html = html[:end] + html[end:].replace("<!--", "&lt;!--")
    return _BARE_AMPERSAND.sub("&amp;", html)
