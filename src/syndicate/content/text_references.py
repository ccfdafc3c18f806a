"""Finds what a post names of its site, without rendering it: pages, files, tags, hosts of frames.

A scan of the raw text, which counts code and comments as well: it decides which changes elsewhere
may change the post, and one too many does no harm.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Final

from syndicate.dialects.fields import TextReferences
from syndicate.render.template_names import find_value_names
from syndicate.render.templates.template_tags import (
    POST_REFERENCE_TAGS,
    TemplateTag,
    find_tags,
)
from syndicate.render.urls import EXTERNAL, find_urls

_FRAME: Final = re.compile(
    r"""<iframe\b[^<>]{0,999}?\bsrc=["']?(?:https?:)?//([^/"'?#\s>]+)""", re.IGNORECASE
)


def find_references(body: str, previews: Iterable[str]) -> TextReferences:
    """Return what ``body`` and the texts of summary and card, ``previews``, refer to."""
    previews = tuple(previews)
    tags = tuple(_tags(body))
    pages = (
        tag.call.arguments[0].partition("#")[0]
        for tag in tags
        if tag.name in POST_REFERENCE_TAGS and tag.call.arguments
    )
    text = _without(tags, body)
    names = (*_argument_names(tags), *map(unescape, find_urls(text)))
    named = (name.partition("#")[0] for name in names)
    return TextReferences(
        names=tuple(dict.fromkeys(name for name in named if name and not EXTERNAL.match(name))),
        tags=_replaceable_names(tags),
        preview_tags=_replaceable_names(tag for text in previews for tag in _tags(text)),
        frame_hosts=tuple(dict.fromkeys(host.lower() for host in _FRAME.findall(text))),
        pages=tuple(dict.fromkeys(filter(None, pages))),
        values=find_value_names("\n".join((body, *previews))),
    )


def _tags(text: str) -> Iterator[TemplateTag]:
    """Yield the tags of ``text``; most texts have none."""
    return find_tags(text, ()) if "{{" in text or "{%" in text else iter(())


def _without(tags: Iterable[TemplateTag], text: str) -> str:
    parts, end = [], 0
    for tag in tags:
        parts.append(text[end : tag.start])
        end = tag.end
    return "".join([*parts, text[end:]])


def _argument_names(tags: Iterable[TemplateTag]) -> Iterator[str]:
    """Yield the arguments of ``tags`` that may name a page or a file."""
    for tag in tags:
        for call in (tag.call, *tag.filters):
            for argument in (*call.arguments, *call.named_arguments.values()):
                if "/" in argument or "." in argument or tag.name in POST_REFERENCE_TAGS:
                    yield argument


def _replaceable_names(tags: Iterable[TemplateTag]) -> tuple[str, ...]:
    """Return all names by which the settings may replace one of ``tags``."""
    return tuple(dict.fromkeys(name for tag in tags for name in tag.replaceable_names if name))
