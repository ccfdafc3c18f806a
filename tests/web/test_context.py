"""The document cache."""

from syndicate.feeds import Representation, make_representation
from syndicate.model.edition import Edition
from syndicate.web.context import DocumentCache
from tests import samples


async def test_least_recently_used_documents_are_dropped() -> None:
    """They are built again; the others are not."""
    made: list[str] = []
    one = make_representation(b"x" * 100, media_type="text/plain", last_modified=samples.NOW)
    documents = DocumentCache(max_bytes=2 * one.size)
    edition = samples.edition()

    async def ask(name: str) -> None:
        async def make(_: Edition) -> Representation:
            made.append(name)
            return one

        assert await documents.get(edition, (name,), make) is one

    for name in "aababcbca":
        await ask(name)
    assert "".join(made) == "abca"
