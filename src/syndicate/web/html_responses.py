"""What handlers of pages share: links to feeds, and pages with their security policy."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from syndicate.feeds import Representation, make_representation, with_headers
from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import Link
from syndicate.model.feed import FeedLocation, ServiceInfo
from syndicate.render.pages.html_pages import FeedLink, FeedSummary, content_security_policy
from syndicate.web.context import WebContext
from syndicate.web.feed_directory import DirectoryEntry

_HTML: Final = "text/html; charset=utf-8"


def html_representation(
    service_info: ServiceInfo,
    text: str,
    changed: datetime | None,
    links: Iterable[Link],
    image_origins: tuple[str, ...] = (),
) -> Representation:
    """Return a page, which may load images of this service and of ``image_origins``."""
    representation = make_representation(
        text.encode(), media_type=_HTML, last_modified=changed, links=tuple(links)
    )
    policy = content_security_policy(service_info, image_origins)
    return with_headers(representation, {"Content-Security-Policy": policy})


def feed_summary(context: WebContext, entry: DirectoryEntry) -> FeedSummary:
    """Return a feed of the directory with its URLs."""
    newest = entry.stats.newest
    return FeedSummary(
        title=entry.title,
        description=entry.description,
        url=entry.location.url(context.service_info),
        posts=entry.stats.posts,
        latest=newest.date() if newest else None,
        links=feed_links(context, entry.location),
        source_url=context.service_info.url(f"/sources/{entry.source}") if entry.source else "",
    )


def feed_links(context: WebContext, location: FeedLocation) -> tuple[FeedLink, ...]:
    """Return the URLs of a feed in every format."""
    return tuple(
        FeedLink(title=form.title, type=link.type, url=link.href)
        for form, link in zip(FORMATS.values(), context.alternate_links(location), strict=True)
    )
