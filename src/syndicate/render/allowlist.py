"""The allow-list of elements, attributes, URL schemes and iframe hosts in content.

`docs/reference/html.md` publishes it; a test compares the two.
"""

from typing import Final


def name_set(text: str) -> frozenset[str]:
    """Return the words of ``text`` as a set."""
    return frozenset(text.split())


GLOBAL_ATTRIBUTES: Final = frozenset(
    {"aria-describedby", "aria-hidden", "aria-label", "class", "dir", "id", "lang", "title"}
)
"""Attributes any allowed element may have."""

_MEDIA_ATTRIBUTES: Final = {"controls", "loop", "muted", "preload", "src"}
_CELL_ATTRIBUTES: Final = {"align", "colspan", "headers", "rowspan"}

ELEMENTS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(
        name_set(
            "abbr address article aside b bdi bdo br caption cite code dd details dfn div dl dt em"
            " figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i kbd mark p picture pre rp rt"
            " ruby s samp section small span strong sub summary sup table tbody tfoot thead tr u"
            " ul var wbr"
        ),
        frozenset[str](),
    ),
    "a": frozenset({"href", "hreflang", "rel", "target"}),
    "audio": frozenset(_MEDIA_ATTRIBUTES),
    "blockquote": frozenset({"cite"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "del": frozenset({"cite", "datetime"}),
    "details": frozenset({"open"}),
    "iframe": frozenset(
        {"allowfullscreen", "height", "loading", "referrerpolicy", "sandbox", "src", "width"}
    ),
    "img": frozenset({"alt", "height", "loading", "longdesc", "sizes", "src", "srcset", "width"}),
    "ins": frozenset({"cite", "datetime"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"reversed", "start", "type"}),
    "q": frozenset({"cite"}),
    "source": frozenset({"height", "media", "sizes", "src", "srcset", "type", "width"}),
    "td": frozenset(_CELL_ATTRIBUTES),
    "th": frozenset({*_CELL_ATTRIBUTES, "abbr", "scope"}),
    "time": frozenset({"datetime"}),
    "track": frozenset({"default", "kind", "label", "src", "srclang"}),
    "video": frozenset({*_MEDIA_ATTRIBUTES, "height", "poster", "width"}),
}
"""Allowed elements, each with the attributes it may have besides the global ones."""

REPLACED_ELEMENTS: Final = {
    "acronym": "abbr",
    "center": "div",
    "dir": "ul",
    "strike": "s",
    "tt": "code",
}
"""Obsolete elements and their current equivalents."""

REMOVED_ELEMENTS: Final = name_set(
    "button datalist embed input math meter noembed noframes option optgroup progress script"
    " select style svg template textarea title"
)
"""Elements that are removed with their content."""

ACTIVE_ELEMENTS: Final = name_set(
    "applet button embed form input math object script select style svg textarea"
)
"""Elements whose removal is reported, because they do something on the site."""

_LIST_ELEMENTS: Final = frozenset({"ol", "ul"})
_DEFINITION_PARENTS: Final = frozenset({"div", "dl"})

REQUIRED_PARENTS: Final = {
    "dd": _DEFINITION_PARENTS,
    "dt": _DEFINITION_PARENTS,
    "figcaption": frozenset({"figure"}),
    "li": _LIST_ELEMENTS,
    "rp": frozenset({"ruby"}),
    "rt": frozenset({"ruby"}),
    "source": frozenset({"audio", "picture", "video"}),
    "summary": frozenset({"details"}),
    "track": frozenset({"audio", "video"}),
}
"""Elements that are valid in these parents only."""

ORPHAN_REPLACEMENTS: Final = dict.fromkeys(("dd", "dt", "figcaption", "li"), "div")
"""Replacements for such elements in other parents; of the others only the content is kept."""

VOID_ELEMENTS: Final = name_set("area base br col embed hr img input link meta source track wbr")
"""Elements without an end tag (HTML Living Standard section 13.1.2)."""

LINK_SCHEMES: Final = frozenset({"http", "https", "mailto", "sms", "tel"})
"""Allowed schemes of links."""

RESOURCE_SCHEMES: Final = frozenset({"http", "https"})
"""Allowed schemes of images, video and audio."""

IFRAME_HOSTS: Final[dict[str, str]] = {
    "archive.org": "/embed/",
    "player.vimeo.com": "/video/",
    "www.youtube-nocookie.com": "/embed/",
    "www.youtube.com": "/embed/",
    "youtube-nocookie.com": "/embed/",
    "youtube.com": "/embed/",
}
"""Hosts whose iframes are allowed, each with the required beginning of the path.

Players of public videos that agencies use, work in a sandbox and have stable embed URLs. The
settings add further trusted hosts.
"""

IFRAME_SANDBOX: Final = "allow-popups allow-presentation allow-same-origin allow-scripts"
"""The ``sandbox`` attribute of every iframe."""

ALLOWED_CLASSES: Final = frozenset({"footnote", "footnote-backref", "footnote-ref", "footnotes"})
"""Allowed class names, besides ``language-…``."""

ATTRIBUTE_VALUES: Final = {
    "align": frozenset({"center", "justify", "left", "right"}),
    "dir": frozenset({"auto", "ltr", "rtl"}),
    "kind": frozenset({"captions", "chapters", "descriptions", "metadata", "subtitles"}),
    "loading": frozenset({"eager", "lazy"}),
    "preload": frozenset({"auto", "metadata", "none"}),
    "scope": frozenset({"col", "colgroup", "row", "rowgroup"}),
}
"""Allowed values of enumerated attributes."""
