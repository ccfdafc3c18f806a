"""What every audience is answered from, and how an answer is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndicate.errors import Rendering
from syndicate.formats import FORMATS
from syndicate.formats.link import Link
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.model.position import Record
from syndicate.model.post import Post, RenderedPosts
from syndicate.model.query import Query, parse_query
from syndicate.representation import Press, Representation
from syndicate.representation.address import Place, find
from syndicate.web.directory import Census, Censuses
from syndicate.web.documents import Documents, Make
from syndicate.web.former import redirect
from syndicate.web.policy import FRESH, Policy
from syndicate.web.reply import reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The reader, what it is printed with, who speaks, and how it may be kept."""

    reader: Record
    press: Press
    masthead: Masthead
    policy: Policy
    documents: Documents = field(default_factory=Documents)
    censuses: Censuses = field(default_factory=Censuses)

    @property
    def edition(self) -> Edition:
        """The edition to serve now; raises `NotReady` before the first."""
        return self.reader.edition

    def query(self, request: Request) -> Query:
        """Read the query of ``request``; raises `UsageError` with what is allowed."""
        return parse_query(request.query_params.multi_items(), self.edition)

    def census(self, edition: Edition) -> Census:
        """Return how many posts each source and category of ``edition`` has."""
        return self.censuses.of(edition)

    def next_url(self, path: str, limit: int, after: str | None) -> str | None:
        """Return where a list at ``path`` goes on after a cursor, None if it does not."""
        if after is None:
            return None
        return self.masthead.url(f"{path}?{Query(limit=limit, after=after).canonical()}")

    def elsewhere(self, request: Request, name: str, suffix: str) -> RedirectResponse | None:
        """Send ``request`` on if the feed it calls ``name`` has another address; else None.

        Raises `UnknownName` where no feed is called so in any spelling.
        """
        place = find(self.edition, name)
        if place == Place(name):
            return None
        return redirect(
            self.masthead, self.policy, place.url(self.masthead, suffix), asked(request)
        )

    async def answer(
        self,
        request: Request,
        address: tuple[str, ...],
        make: Make,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Answer with the document that ``make`` makes once per edition under ``address``."""
        return self.reply(request, await self.document(address, make), headers)

    async def document(self, address: tuple[str, ...], make: Make) -> Representation:
        """Return what ``make`` makes of the edition; kept under ``address`` until the next."""
        return await self.documents.get(self.edition, address, make)

    def reply(
        self,
        request: Request,
        representation: Representation,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Answer with ``representation``, which anybody may keep unless it is provisional."""
        cache_control = FRESH if representation.is_provisional else self.policy.cache_control
        return reply(request, representation, cache_control=cache_control, headers=headers)

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as they are or were last; raises `Rendering` where one never was."""
        found = await self.reader.rendered(posts, edition)
        if found.unrendered:
            raise Rendering.of(len(found.unrendered))
        return found

    def alternates(self, place: Place) -> tuple[Link, ...]:
        """Return links to every format of a feed."""
        return tuple(
            Link(
                rel="alternate",
                href=place.url(self.masthead, f".{form.name}"),
                type=form.media_type.partition(";")[0],
            )
            for form in FORMATS.values()
        )


def asked(request: Request) -> str:
    """Return the query string of ``request`` as it was sent."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
