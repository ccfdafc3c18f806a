"""Posts as cards on pages, with the images that pages may show."""

from collections.abc import Iterable

from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo, category_location
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.search import Excerpts
from syndicate.render.pages.html_pages import PageLink, PostCard
from syndicate.render.pages.page_fragment import origin, shown_image

NO_EXCERPTS: Excerpts = {}


def image_origins(edition: Edition, posts: Iterable[Post]) -> tuple[str, ...]:
    """Return the origins of the sites of ``posts``, from which pages load images, sorted."""
    names = {post.source for post in posts}
    urls = (source.site_url for source in edition.sources if source.name in names)
    return tuple(sorted({origin(url) for url in urls if url}))


def post_cards(
    edition: Edition,
    service_info: ServiceInfo,
    rendered: RenderedPosts,
    *,
    is_carousel: bool = False,
    excerpts: Excerpts = NO_EXCERPTS,
) -> tuple[PostCard, ...]:
    """Return the cards of ``rendered`` posts; in a carousel, those that their authors wrote."""
    return tuple(
        _card(edition, service_info, item, rendered, is_carousel=is_carousel, excerpts=excerpts)
        for item in rendered.items
    )


def _card(  # noqa: PLR0913 — a card has many parts
    edition: Edition,
    service_info: ServiceInfo,
    item: RenderedPost,
    rendered: RenderedPosts,
    *,
    is_carousel: bool,
    excerpts: Excerpts,
) -> PostCard:
    post = item.post
    card = item.card if is_carousel else None
    url, alt = (item.image.url, item.image.alt) if item.image else ("", "")
    if card:
        url, alt = card.image, card.image_alt
    is_rendered = post.id not in rendered.unrendered
    return PostCard(
        title=card.title if card else post.title,
        url=post.url,
        page_url=service_info.url(f"/posts/{post.key}"),
        date=post.published.date(),
        source=next(each.title for each in edition.sources if each.name == post.source),
        language=post.language,
        summary=card.summary if card else item.summary,
        image=shown_image(url, image_origins(edition, [post]), service_info.public_url),
        image_alt=alt or "",
        reading_minutes=item.reading_minutes if is_rendered else 0,
        categories=tuple(
            PageLink(
                title=category.title,
                url=category_location(edition, category.slug).url(service_info),
            )
            for category in post.categories
        ),
        is_rendered=is_rendered,
        excerpt=excerpts.get(post.id),
    )
