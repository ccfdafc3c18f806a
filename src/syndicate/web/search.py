"""Search of posts by words: `q` of the first page and of /v1/posts."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.requests import Request

from syndicate.model.edition import ALL, Edition
from syndicate.model.feed import FeedView, build_feed_view
from syndicate.model.pagination import paginate
from syndicate.model.query import Query
from syndicate.model.search import SearchTerms
from syndicate.web.services import PostFinder


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """One page of the posts that were found; more may be found later unless ``is_complete``."""

    view: FeedView
    is_complete: bool


def search_terms(request: Request) -> SearchTerms | None:
    """Return what ``request`` searches for, None if nothing; raises `UsageError`."""
    return SearchTerms.parse(request.query_params.get("q", ""))


def search_query(terms: SearchTerms | None, query: str) -> str:
    """Return the query string of a search, ``query`` being the canonical one without it."""
    if terms is None:
        return query
    return "&".join(filter(None, (urlencode({"q": terms.text}), query)))


async def search_posts(
    finder: PostFinder, edition: Edition, query: Query, terms: SearchTerms
) -> SearchView:
    """Return the page of the posts of ``query`` that contain ``terms``, in the order of feeds.

    Raises `NotReady` without an index, `UsageError` for an invalid cursor.
    """
    view = build_feed_view(edition, ALL, query)
    found = await finder.find(terms, edition, view.posts)
    page = paginate(
        found.posts, after=query.after, limit=query.limit, carousel=view.selection.carousel is True
    )
    found_view = replace(view, posts=found.posts, page=page)
    return SearchView(view=found_view, is_complete=found.is_complete)
