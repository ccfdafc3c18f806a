"""Expands a fixed list of template tags, filters and shortcodes to Markdown or HTML."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from syndicate.render.allowlist import name_set
from syndicate.render.html_tokens import escape_html, unescape_entities
from syndicate.render.markdown import to_html
from syndicate.render.markdown.commonmark_renderer import TEMPLATE_ATTRIBUTE
from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_tags import LITERAL_BRACE, TagCall, TemplateTag
from syndicate.render.templates.text_filters import TEXT_FILTERS

_TRANSPARENT_TAGS: Final = name_set(
    "accordion alert aside box callout card details div highlight info note notice quote raw"
    " section tip warning"
)
_PLAYERS: Final = name_set("youtube vimeo tweet twitter instagram gist")
_INCLUDED_IMAGES: Final = ("image", "src", "img", "image_path", "image_url", "picture", "photo")
"""Arguments of includes that hold the path of an image, whatever it is called."""
_INCLUDED_PATHS: Final = (
    *("url", "file", "filename", "file_name", "path", "source", "href", "link", "thumb", "name"),
)
"""Arguments of includes that hold the path of an image or of a page."""
_INCLUDED_TEXTS: Final = ("text", "label", "title", "caption", "content", "name")
"""Arguments of includes that hold the text of a link."""
_IMAGE_PATH: Final = re.compile(r"\.(?:jpe?g|png|gif|svg|webp|avif)(?:[?#]|\Z)", re.IGNORECASE)
_NOT_RELATIVE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/|\.|#|$")
_HOST: Final = re.compile(r"(?:https?:)?//([^/?#]+)")
_START_TAG: Final = re.compile(r"<[A-Za-z][\w-]*")
_PLACEHOLDER: Final = re.compile(r"\$(\w+)")


def expand(tag: TemplateTag, context: TemplateContext, *, is_paired: bool = False) -> str | None:
    """Return the Markdown or HTML for ``tag``, None if the tag is unknown.

    ``is_paired``: the tag has an end tag; the content between them is kept.
    """
    replacement = _configured_replacement(tag, context.replacements)
    if replacement is not None:
        return _as_of_template(replacement, context)
    match tag.kind:
        case "unclosed":
            return None
        case "output":
            return _expand_output(tag, context)
        case "shortcode" if tag.source[3:].lstrip().startswith("/*"):
            return _literal_shortcode(tag.source)
    if is_paired and tag.name in _TRANSPARENT_TAGS:
        return ""
    expanded = _expand_call(tag.call, context)
    return _as_of_template(expanded, context) if tag.source.startswith("{{<") else expanded


def _as_of_template(html: str | None, context: TemplateContext) -> str | None:
    """Return ``html`` so that it stays where the engine leaves out the HTML of texts.

    Hugo inserts the output of ``{{<`` as it is, and reads that of ``{{%`` as Markdown.
    """
    if html is None or not context.engine.options.omits_html:
        return html
    return _START_TAG.sub(rf"\g<0> {TEMPLATE_ATTRIBUTE}", html)


def _configured_replacement(tag: TemplateTag, replacements: Mapping[str, str]) -> str | None:
    if not replacements:
        return None
    names = (name for name in tag.replaceable_names if name in replacements)
    found = next((replacements[name] for name in names), None)
    if found is None:
        return None
    words = [*tag.call.arguments, *(word for call in tag.filters for word in call.arguments)]
    values = {str(number): word for number, word in enumerate(words, 1)} | dict(
        tag.call.named_arguments
    )
    return _PLACEHOLDER.sub(lambda match: escape_html(values.get(match[1], match[0])), found)


def _expand_output(tag: TemplateTag, context: TemplateContext) -> str | None:
    value = tag.call.arguments[0] if tag.call.arguments else context.find(tag.name)
    return apply_filters(value, tag.filters, context)


def apply_filters(
    value: str | None, filters: Sequence[TagCall], context: TemplateContext
) -> str | None:
    """Return ``value`` changed by ``filters``, None if it or one of them is unknown."""
    for call in filters:
        if call.name == "default" and not value:
            value = ""
        known = context.with_arguments(call)
        if value is None or known is None:
            return None
        value = _apply_filter(value, known, context)
    return value


def _apply_filter(value: str, call: TagCall, context: TemplateContext) -> str | None:
    if call.name in TEXT_FILTERS:
        return TEXT_FILTERS[call.name](value, call.arguments)
    if call.name == "url":
        return context.below_base(value).replace(" ", "%20")
    if call.name in ("relative_url", "absolute_url"):
        if not value:
            return context.base_path or ("/" if call.name == "absolute_url" else "")
        return context.below_base(_root_relative(value)).replace(" ", "%20")
    return _expand_call(replace(call, arguments=(value, *call.arguments)), context)


def _expand_call(call: TagCall, context: TemplateContext) -> str | None:
    expansion = _EXPANSIONS.get(call.name)
    known = context.with_arguments(call)
    return expansion(known, context) if expansion and known else None


def _literal_shortcode(source: str) -> str:
    return source.replace("/*", "", 1).replace("*/", "", 1).replace("{", LITERAL_BRACE)


def _root_relative(path: str) -> str:
    return path if _NOT_RELATIVE.match(path) else f"/{path}"


def _argument(call: TagCall, number: int, *names: str) -> str:
    given = _named(call, *names)
    if given is not None:
        return given
    return call.arguments[number] if number < len(call.arguments) else ""


def _image(call: TagCall, context: TemplateContext) -> str | None:
    source = context.below_base(_root_relative(_argument(call, 0, "src")))
    return _image_html(source, _alt(call, 1))


def _image_with_class(call: TagCall, context: TemplateContext) -> str | None:
    source = context.below_base(_root_relative(_argument(call, 0, "src")))
    return _image_html(source, _alt(call, 2))


def _alt(call: TagCall, number: int) -> str | None:
    if number < len(call.arguments):
        return call.arguments[number]
    return _named(call, "alt", "alt_text", "alt-text", "image_alt")


def _named(call: TagCall, *names: str) -> str | None:
    """Return the first of the arguments called ``names``, None without one."""
    return next(
        (call.named_arguments[name] for name in names if name in call.named_arguments), None
    )


def _figure(call: TagCall, context: TemplateContext) -> str | None:
    image = _image_html(_argument(call, 0, "src", "url"), _alt(call, 1))
    caption = call.named_arguments.get("caption") or call.named_arguments.get("title", "")
    link = call.named_arguments.get("link") or call.named_arguments.get("href")
    if image and link:
        image = f'<a href="{_attribute_value(link)}">{image}</a>'
    if image and caption:
        return f"<figure>{image}<figcaption>{_inline_html(caption, context)}</figcaption></figure>"
    return image


def _include(call: TagCall, context: TemplateContext) -> str | None:
    """Return what an include shows by its arguments: an image, a player's link, or a link."""
    paths = (call.named_arguments.get(name, "") for name in _INCLUDED_PATHS)
    image = _named(call, *_INCLUDED_IMAGES) or next(filter(_IMAGE_PATH.search, paths), "")
    if image:
        url = context.below_base(image.removeprefix(context.base_path))
        link = context.below_base(_named(call, "link", "href") or "")
        return _figure(
            TagCall(
                name="figure", named_arguments={**call.named_arguments, "src": url, "link": link}
            ),
            context,
        )
    name = _argument(call, 0).rpartition("/")[2].partition(".")[0].lower()
    player = _EXPANSIONS.get(name) if name in _PLAYERS else None
    if player:
        return player(replace(call, arguments=call.arguments[1:]), context)
    target, text = _named(call, *_INCLUDED_PATHS), _named(call, *_INCLUDED_TEXTS)
    return _link_html(context.below_base(target), text) if target and text else None


def _inline_html(text: str, context: TemplateContext) -> str:
    html = to_html(" ".join(text.split()), context.engine).strip()
    return html.removeprefix("<p>").removesuffix("</p>").replace("\n", " ")


def _attribute_value(text: str) -> str:
    return escape_html(unescape_entities(" ".join(text.split())))


def _image_html(source: str, alt: str | None) -> str | None:
    text = "" if alt is None else f' alt="{_attribute_value(alt)}"'
    return f'<img src="{_attribute_value(source)}"{text}>' if source else None


def _link_html(url: str, text: str) -> str:
    return f'<a href="{_attribute_value(url)}">{_attribute_value(text)}</a>'


def _post_url(call: TagCall, context: TemplateContext) -> str | None:
    name, hash_sign, fragment = call.page_name.partition("#")
    if not name:  # a place in the same post, on its own page
        return f"{context.page_url}#{fragment}" if fragment else None
    found = context.link_targets.get(name)
    return found + hash_sign + fragment if found else None


def _parameter(call: TagCall, context: TemplateContext) -> str | None:
    return context.find(f"param.{_argument(call, 0).lower()}")


def _person_name(call: TagCall, _: TemplateContext) -> str | None:
    return _argument(call, 0, "name").replace("-", " ").replace("_", " ").title() or None


def _empty(_: TagCall, __: TemplateContext) -> str:
    return ""


def _make_player_link(prefix: str, title: str) -> Callable[[TagCall, TemplateContext], str | None]:
    """Return the expansion of a tag that embeds an item of a known site by its id."""

    def link(call: TagCall, _: TemplateContext) -> str | None:
        given = _argument(call, 0, "url", "id")
        url = given if "//" in given else prefix + given
        text = call.named_arguments.get("title") or (
            call.arguments[1] if len(call.arguments) > 1 else title
        )
        return _link_html(url, text) if given else None

    return link


def _social_post_link(call: TagCall, _: TemplateContext) -> str | None:
    number = _argument(call, 0, "id")
    user = call.named_arguments.get("user", "i")
    url = number if "//" in number else f"https://x.com/{user}/status/{number}"
    return _link_html(url, "Post on X") if number else None


def _gist_link(call: TagCall, _: TemplateContext) -> str | None:
    name = "/".join(call.arguments[:2])
    return _link_html(f"https://gist.github.com/{name}", "Gist") if name else None


def _embed_link(call: TagCall, _: TemplateContext) -> str | None:
    url = _argument(call, 0, "url", "src", "href")
    title = call.named_arguments.get("title") or (
        call.arguments[1] if len(call.arguments) > 1 else ""
    )
    host = _HOST.match(url)
    title = title or f"Embedded content from {host[1] if host else 'elsewhere'}"
    return _link_html(url, title) if url else None


_EXPANSIONS: Final[dict[str, Callable[[TagCall, TemplateContext], str | None]]] = {
    "author": _person_name,
    "embed": _embed_link,
    "figure": _figure,
    "gist": _gist_link,
    "image": _image,
    "image_with_class": _image_with_class,
    "img": _figure,
    "include": _include,
    "instagram": _make_player_link("https://www.instagram.com/p/", "Post on Instagram"),
    "link": _post_url,
    "oembed": _embed_link,
    "param": _parameter,
    "post_url": _post_url,
    "ref": _post_url,
    "relref": _post_url,
    "team_link": _person_name,
    "team_photo": _empty,
    "tweet": _social_post_link,
    "twitter": _social_post_link,
    "vimeo": _make_player_link("https://vimeo.com/", "Video on Vimeo"),
    "x": _social_post_link,
    "youtube": _make_player_link("https://www.youtube.com/watch?v=", "Video on YouTube"),
}
