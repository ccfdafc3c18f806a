"""The closed list: what template tags, filters and shortcodes mean, without running them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final

from syndicate.render.allowed import names
from syndicate.render.job import CommentSyntax
from syndicate.render.markdown import to_html
from syndicate.render.markup import escaped
from syndicate.render.tag import Call, Tag

NAMING: Final = frozenset({"link", "post_url", "ref", "relref"})
"""Tags whose first argument is the name of another post or page."""

_INSIDE_ONLY: Final = names(
    "accordion alert aside box callout card details div highlight info note notice quote raw"
    " section tip warning"
)
_ROOTED: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/|\.|#|$")
_HOST: Final = re.compile(r"(?:https?:)?//([^/?#]+)")
_ARGUMENT: Final = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What tags may refer to.

    ``targets`` says where the names of other posts and pages lead; ``replacements`` are the
    settings' own meanings, by a tag's text, by what is inside it, or by its name; ``comments``
    are the syntaxes of comments that the engine of the site has.
    """

    site_url: str
    page_url: str
    targets: Mapping[str, str] = field(default_factory=dict)
    replacements: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[CommentSyntax, ...] = ()


def meaning(tag: Tag, context: Context, *, paired: bool = False) -> str | None:
    """Return the Markdown or HTML that ``tag`` stands for, None if that is not known.

    A ``paired`` tag has an end tag: what is between the two stays where it is.
    """
    replaced = _replaced(tag, context.replacements)
    if replaced is not None:
        return replaced
    match tag.kind:
        case "stray":
            return None
        case "output":
            return _output(tag, context)
        case "shortcode" if tag.source[3:].lstrip().startswith("/*"):
            return _literal(tag.source)
    if paired and tag.name in _INSIDE_ONLY:
        return ""
    return _called(tag.call, context)


def _replaced(tag: Tag, replacements: Mapping[str, str]) -> str | None:
    if not replacements:
        return None
    inside = " ".join(tag.source.strip("{}<%>- \n").split())
    names = [tag.source, inside, tag.name, *(call.name for call in tag.filters)]
    found = next((replacements[name] for name in names if name in replacements), None)
    if found is None:
        return None
    words = [*tag.call.words, *(word for call in tag.filters for word in call.words)]
    values = {str(number): word for number, word in enumerate(words, 1)} | dict(tag.call.named)
    return _ARGUMENT.sub(lambda match: escaped(values.get(match[1], match[0])), found)


def _output(tag: Tag, context: Context) -> str | None:
    site = {"site.baseurl": "", "site.url": context.site_url, "page.url": context.page_url}
    value = tag.call.words[0] if tag.call.words else site.get(tag.name)
    for call in tag.filters:
        if value is None:
            return None
        value = _filtered(value, call, context)
    return value


def _filtered(value: str, call: Call, context: Context) -> str | None:
    if call.name in ("url", "escape", "xml_escape", "strip", "uri_escape"):
        return value.replace(" ", "%20") if call.name == "url" else value
    if call.name in ("relative_url", "absolute_url"):
        return _rooted(value).replace(" ", "%20")
    return _called(Call(name=call.name, words=(value, *call.words), named=call.named), context)


def _called(call: Call, context: Context) -> str | None:
    known = _MEANINGS.get(call.name)
    return known(call, context) if known else None


def _literal(source: str) -> str:
    return source.replace("/*", "", 1).replace("*/", "", 1).replace("{", "\ufdd0")


def _rooted(path: str) -> str:
    return path if _ROOTED.match(path) else f"/{path}"


def _argument(call: Call, number: int, *names: str) -> str:
    given = next((call.named[name] for name in names if name in call.named), None)
    if given is not None:
        return given
    return call.words[number] if number < len(call.words) else ""


def _image(call: Call, _: Context) -> str | None:
    return _picture(_rooted(_argument(call, 0, "src")), _alt(call, 1))


def _image_with_class(call: Call, _: Context) -> str | None:
    return _picture(_rooted(_argument(call, 0, "src")), _alt(call, 2))


def _alt(call: Call, number: int) -> str | None:
    return call.words[number] if number < len(call.words) else call.named.get("alt")


def _figure(call: Call, _: Context) -> str | None:
    picture = _picture(_argument(call, 0, "src", "url"), _alt(call, 1))
    caption = call.named.get("caption") or call.named.get("title", "")
    link = call.named.get("link") or call.named.get("href")
    if picture and link:
        picture = f'<a href="{_attribute(link)}">{picture}</a>'
    if picture and caption:
        return f"<figure>{picture}<figcaption>{_inline(caption)}</figcaption></figure>"
    return picture


def _include(call: Call, context: Context) -> str | None:
    """An include that is given an image shows it, whatever else it does."""
    source = next((call.named[name] for name in ("image", "src", "img") if name in call.named), "")
    return _figure(Call(name="figure", named={**call.named, "src": source}), context)


def _inline(text: str) -> str:
    html = to_html(" ".join(text.split()))
    return html.removeprefix("<p>").removesuffix("</p>").replace("\n", " ")


def _attribute(text: str) -> str:
    return escaped(unescape(" ".join(text.split())))


def _picture(source: str, alt: str | None) -> str | None:
    text = "" if alt is None else f' alt="{_attribute(alt)}"'
    return f'<img src="{_attribute(source)}"{text}>' if source else None


def _link(address: str, text: str) -> str:
    return f'<a href="{_attribute(address)}">{_attribute(text)}</a>'


def _target(call: Call, context: Context) -> str | None:
    name, hash_sign, fragment = _argument(call, 0, "path").partition("#")
    found = context.targets.get(name)
    return found + hash_sign + fragment if found else None


def _person(call: Call, _: Context) -> str | None:
    return _argument(call, 0, "name").replace("-", " ").replace("_", " ").title() or None


def _nothing(_: Call, __: Context) -> str:
    return ""


def _player(prefix: str, title: str) -> Callable[[Call, Context], str | None]:
    """Return the meaning of a tag that shows what has an id at some well-known place."""

    def link(call: Call, _: Context) -> str | None:
        given = _argument(call, 0, "url", "id")
        address = given if "//" in given else prefix + given
        text = call.named.get("title") or (call.words[1] if len(call.words) > 1 else title)
        return _link(address, text) if given else None

    return link


def _status(call: Call, _: Context) -> str | None:
    number = _argument(call, 0, "id")
    user = call.named.get("user", "i")
    address = number if "//" in number else f"https://x.com/{user}/status/{number}"
    return _link(address, "Post on X") if number else None


def _gist(call: Call, _: Context) -> str | None:
    name = "/".join(call.words[:2])
    return _link(f"https://gist.github.com/{name}", "Gist") if name else None


def _embed(call: Call, _: Context) -> str | None:
    address = _argument(call, 0, "url", "src", "href")
    title = call.named.get("title") or (call.words[1] if len(call.words) > 1 else "")
    host = _HOST.match(address)
    title = title or f"Embedded content from {host[1] if host else 'elsewhere'}"
    return _link(address, title) if address else None


_MEANINGS: Final[dict[str, Callable[[Call, Context], str | None]]] = {
    "author": _person,
    "embed": _embed,
    "figure": _figure,
    "gist": _gist,
    "image": _image,
    "image_with_class": _image_with_class,
    "img": _figure,
    "include": _include,
    "instagram": _player("https://www.instagram.com/p/", "Post on Instagram"),
    "link": _target,
    "oembed": _embed,
    "post_url": _target,
    "ref": _target,
    "relref": _target,
    "team_link": _person,
    "team_photo": _nothing,
    "tweet": _status,
    "twitter": _status,
    "vimeo": _player("https://vimeo.com/", "Video on Vimeo"),
    "x": _status,
    "youtube": _player("https://www.youtube.com/watch?v=", "Video on YouTube"),
}
