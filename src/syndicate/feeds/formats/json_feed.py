"""JSON Feed 1.1, with the extension ``_syndicate``."""

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from typing_extensions import override

from syndicate.feeds.formats.format import FeedEnvelope, Format
from syndicate.feeds.formats.text import rfc3339, sanitized, sanitized_header, xml_safe
from syndicate.model.feed import Feed, ServiceInfo, Tombstone
from syndicate.model.post import Attachment, Author, CarouselCard, RenderedPost, Source
from syndicate.model.query import ContentMode

_VERSION: Final = "https://jsonfeed.org/version/1.1"


class JsonFeed(Format):
    """JSON Feed 1.1 (https://jsonfeed.org/version/1.1), and 1.0's ``author`` for old readers."""

    name: ClassVar[str] = "json"
    media_type: ClassVar[str] = "application/feed+json"
    title: ClassVar[str] = "JSON Feed"

    @override
    def write_entry(
        self, item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
    ) -> bytes:
        return msgspec.json.encode(item_object(item, service_info, content))

    @override
    def write_envelope(self, feed: Feed) -> FeedEnvelope:
        return FeedEnvelope(
            msgspec.json.encode(_feed_object(feed))[:-1] + b',"items":[', b"]}", b","
        )


def item_object(
    item: RenderedPost, service_info: ServiceInfo, content: ContentMode = "full"
) -> dict[str, object]:
    """Return a post as the JSON object of feeds, API and webhooks; without empty members."""
    item = sanitized(item)
    post = item.post
    values = {
        "id": post.id,
        "url": post.url,
        "external_url": item.external_url,
        "title": post.title,
        **_content(item, content),
        "image": item.image.url if item.image else "",
        "attachments": [_attachment(attachment) for attachment in item.attachments],
        "date_published": rfc3339(post.published),
        "date_modified": rfc3339(post.updated),
        "authors": [_author(author) for author in item.authors],
        "author": _author(item.authors[0]) if item.authors else {},
        "tags": [category.title for category in post.categories],
        "language": post.language,
    }
    required = {"content_html", "content_text"}
    return {
        **{name: value for name, value in values.items() if value or name in required},
        "_syndicate": _item_extension(item, service_info),
    }


def _content(item: RenderedPost, content: ContentMode) -> dict[str, str]:
    """Return the content members: JSON Feed requires one, even if it is empty."""
    if content == "full":
        return {"content_html": item.content, "summary": item.summary}
    if content == "text":
        return {"content_text": item.text, "summary": item.summary}
    if content == "summary":
        return {"content_text": item.summary, "summary": item.summary}
    return {"content_text": ""}


def _attachment(attachment: Attachment) -> dict[str, object]:
    """Return an attachment with its declared size.

    Not with that of its file in the repository, which may change without the post: no event would
    tell those who keep a copy of the item.
    """
    values: dict[str, object] = {"url": attachment.url, "mime_type": attachment.type}
    if attachment.title:
        values["title"] = attachment.title
    if attachment.length is not None:
        values["size_in_bytes"] = attachment.length
    return values


def _author(author: Author) -> dict[str, str]:
    return {"name": author.name, **({"url": author.url} if author.url else {})}


def _item_extension(item: RenderedPost, service_info: ServiceInfo) -> dict[str, object]:
    post = item.post
    return {
        "self": service_info.url(f"/v1/posts/{post.key}"),
        "source": post.source,
        "categories": [category.slug for category in post.categories],
        "date": post.published.date().isoformat(),
        "date_precision": post.precision,
        "reading_minutes": item.reading_minutes,
        "image_alt": item.image.alt if item.image else None,
        "carousel": _card(item.card) if item.card else None,
        **({"translations": _translations(item)} if item.translations else {}),
    }


def _translations(item: RenderedPost) -> list[dict[str, str]]:
    return [{"language": language, "url": url} for language, url in item.translations]


def _card(card: CarouselCard) -> dict[str, object]:
    return {
        "title": card.title,
        "summary": card.summary,
        "image": card.image,
        "image_alt": card.image_alt,
        "date": card.date.isoformat(),
    }


def _feed_object(feed: Feed) -> dict[str, object]:
    feed = sanitized_header(feed)
    values = {
        "version": _VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.url(".json"),
        "next_url": None if feed.next_query is None else feed.url(".json", feed.next_query),
        "description": feed.description,
        "icon": feed.brand.logo_url or feed.brand.icon_url,
        "favicon": feed.brand.icon_url,
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": url} for url in [feed.service_info.hub_url] if url],
        "_syndicate": {
            "about": feed.service_info.url("/about"),
            "sources": [_source(source) for source in feed.sources],
            "removed": [_removed(tombstone) for tombstone in _newest_first(feed.tombstones)],
        },
    }
    return {name: value for name, value in values.items() if value}


def _newest_first(tombstones: Sequence[Tombstone]) -> Sequence[Tombstone]:
    return sorted(tombstones, key=lambda tombstone: tombstone.removed_at, reverse=True)


def _removed(tombstone: Tombstone) -> dict[str, str]:
    return {
        "id": tombstone.post_id,
        "url": xml_safe(tombstone.url),
        "removed": rfc3339(tombstone.removed_at),
    }


def _source(source: Source) -> dict[str, str]:
    return {
        "name": source.name,
        "title": source.title,
        "site_url": source.site_url,
        "rights": source.rights,
        "rights_url": source.rights_url,
    }
