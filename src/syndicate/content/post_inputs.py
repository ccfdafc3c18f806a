"""What a post depends on besides its file, as far as settings and site configuration give it.

URLs of other posts and of served files are the rest of it: see `syndicate.content.post_digests`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Final

import msgspec

from syndicate.content.render_input import build_request
from syndicate.content.site_source import engine_of_body
from syndicate.dialects.fields import AttachedFile, Fields
from syndicate.model.ledger import digest
from syndicate.model.markdown_options import MarkdownOptions
from syndicate.model.post import Post, Source
from syndicate.render.messages import RenderRequest

_OF_ONE_TEXT: Final = frozenset(
    {"body", "first_line", "page_url", "site_url", "key", "replacements", "embeds"}
    | {"link_targets", "asset_urls", "comment_syntaxes", "options", "values"}
)
"""Fields of a request that are no rules for texts.

What counts of most is found by name, or by the comments that a text has. Options of the Markdown
engine count where they are on.
"""

_RULES: Final = tuple(
    (field.name, field.default) for field in fields(RenderRequest) if field.name not in _OF_ONE_TEXT
)
"""The other fields, with their defaults."""
_OPTIONS: Final = tuple(field.name for field in fields(MarkdownOptions))

_SITE_URL_NAMES: Final = frozenset(
    {"site.url", "site.baseurl", "absolute_url", "relative_url", "url"}
)
"""Values and filters that print the URL of the site, or its path."""


class PostInputs(msgspec.Struct, frozen=True, array_like=True):
    """The inputs of one post; positional, because there are many.

    ``digests`` are those of inputs that settings and configuration give, by field. ``names`` are
    the pages and files that the body names; ``image``, ``card_image`` and ``attachments`` those of
    front matter.
    ``pages`` and ``values`` are what template tags name of the site, see `TextReferences`.
    """

    digests: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    image: str = ""
    card_image: str = ""
    attachments: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


NO_INPUTS: Final = PostInputs()


def read_inputs(post: Post, found: Fields, source: Source) -> PostInputs:
    """Return the inputs of ``post``, whose file has the fields ``found``."""
    return PostInputs(
        tuple((name, digest(values)) for name, values in _inputs(post, found, source)),
        found.references.names,
        found.image,
        found.card_image if post.carousel else "",
        tuple(attached.url for attached in found.attachments),
        found.references.pages,
        found.references.values,
    )


def _inputs(post: Post, found: Fields, source: Source) -> Iterator[tuple[str, list[object]]]:
    """Yield fields of ``post`` with their inputs, those without any left out.

    Of a field whose value does not depend on the renderer, the value itself is the input. So are
    the texts of front matter: keys in the settings, another dialect, or the site's configuration
    may choose another one in the same file. The reading time has no name in ``changed``, so it
    counts as markup, but only where settings or configuration choose it.
    """
    references, rules = found.references, _text_rules(post, found, source)
    replaced = _replaced(references.tags, source)
    of_preview = _replaced(references.preview_tags, source) if found.summary else replaced
    offsets = (post.published.utcoffset(), post.updated.utcoffset())
    hosts = [host for host in references.frame_hosts if host in source.embeds]
    summary = [found.summary, of_preview, rules]
    is_minutes_chosen = "reading_minutes" in {*found.site_fields, *dict(source.keys)}
    minutes = found.reading_minutes if is_minutes_chosen else None
    inputs: dict[str, list[object]] = {
        "title": [post.own_title],
        "published": [*map(str, offsets), post.precision],
        "expires": [post.expires.timestamp() if post.expires else None],
        "authors": [*found.authors, *map(list, found.author_urls)],
        "external_url": [found.external_url],
        "summary": [*summary],
        "words": [replaced, rules],
        "markup": [replaced, rules, _site_urls(post, found, source), hosts, minutes],
        "image": [found.image, found.image_alt, *map(_attached, found.attachments)],
        "carousel": [*_card(found), *summary] if post.carousel else [],
    }
    return ((name, values) for name, values in inputs.items() if any(values))


def _attached(file: AttachedFile) -> list[object]:
    return [file.url, file.type, file.title, file.length]


def _card(found: Fields) -> list[object]:
    image = found.card_image or found.image
    return [found.card_title, found.card_summary, image, found.card_image_alt]


def _replaced(tags: Iterable[str], source: Source) -> list[object]:
    """Return the replacements of ``source`` for ``tags``."""
    replacements = dict(source.replacements)
    return [[name, replacements[name]] for name in sorted(set(tags) & replacements.keys())]


def _site_urls(post: Post, found: Fields, source: Source) -> list[object]:
    """Return the URLs that tags of the body print: of the site and of the page."""
    named = {*found.references.tags, *found.references.values}
    site_url = [] if _SITE_URL_NAMES.isdisjoint(named) else [source.site_url]
    return [*site_url, *([post.url] if "page.url" in named else [])]


def _text_rules(post: Post, found: Fields, source: Source) -> list[object]:
    """Return the rules for the texts of ``post`` that differ from the renderer's defaults.

    So a rule that a later version adds changes no digest while it is not used. Of comments, those
    count that the dialect takes for text, since few posts have any.
    """
    engine = engine_of_body(source, post.path)
    request = build_request(post, "", 1, source, engine)
    rules: list[object] = [
        [name, getattr(request, name)]
        for name, default in _RULES
        if getattr(request, name) != default
    ]
    shown = [name for name in found.references.comments if name not in request.comment_syntaxes]
    rules += [["shown", name] for name in shown]
    return [*rules, *(name for name in _OPTIONS if getattr(engine.options, name))]
