"""`syndicate posts`: withdraw posts from every feed, and restore them."""

import asyncio
import os
from contextlib import suppress
from typing import Annotated

import typer

from syndicate.cli.database_session import command_actor
from syndicate.cli.options import AsJson, ConfigFile, command_group
from syndicate.cli.output import print_json, print_result, print_status
from syndicate.content.withdrawn_posts import Withdrawal
from syndicate.errors import RepositoryError, UnknownName
from syndicate.model.audit import AuditAction
from syndicate.model.event import rfc3339
from syndicate.model.post import CommitId, Post
from syndicate.service.access_control import open_access_control
from syndicate.service.content_service import ContentService
from syndicate.settings import Settings, load

app = command_group("Withdraw posts from every feed, and restore them.")

_Key = Annotated[
    str, typer.Argument(metavar="KEY", help="Key of the post, as in its URL /posts/KEY.")
]


@app.command()
def withdraw(key: _Key, config: ConfigFile = None) -> None:
    """Take a post out of every feed now, until it is removed in git or restored.

    A running service with the same data folder picks that up and announces it to subscribers.
    """
    settings = load(config, os.environ)
    with ContentService(settings) as content:
        content.withdrawn_posts.require_not_withdrawn(key)
        post, commit = _find_post(content, key)
        withdrawal = content.withdrawn_posts.withdraw(post, commit)
    _record(settings, "post.withdrawn", withdrawal)
    print_status(f"withdrawn: {withdrawal.path} of {withdrawal.attributes.source}")


@app.command()
def restore(key: _Key, config: ConfigFile = None) -> None:
    """Publish a withdrawn post again."""
    settings = load(config, os.environ)
    with ContentService(settings) as content:
        withdrawal = content.withdrawn_posts.restore(key)
    _record(settings, "post.restored", withdrawal)
    print_status(f"restored: {withdrawal.path} of {withdrawal.attributes.source}")


@app.command()
def withdrawn(as_json: AsJson = False, config: ConfigFile = None) -> None:
    """List the withdrawn posts."""
    with ContentService(load(config, os.environ)) as content:
        found = [each for each in content.withdrawn_posts.withdrawals() if each.ended is None]
    if as_json:
        print_json([withdrawal.to_json() for withdrawal in found])
        return
    for each in found:
        print_result(f"{each.key}  {rfc3339(each.began)}  {each.attributes.source}  {each.path}")


def _find_post(content: ContentService, key: str) -> tuple[Post, CommitId]:
    """Return the post with ``key``, live or not, and its commit; raises `UnknownName`.

    Nothing is fetched: a remote that does not respond must not hold up a withdrawal.
    """
    for source in content.settings.sources:
        with suppress(RepositoryError):
            index = content.index(source)
            snapshot = index.served(index.repository.head(), is_trial=True)
            for post in snapshot.posts:
                if post.key == key:
                    return post, snapshot.commit
    raise UnknownName(
        f"no post has the key {key!r}",
        code="unknown-post",
        hint="Find the key of a post by its path or URL with: syndicate explain POST",
    )


def _record(settings: Settings, action: AuditAction, withdrawal: Withdrawal) -> None:
    """Add what was done to the audit log; raises `StorageError`."""

    async def record() -> None:
        async with open_access_control(settings) as access:
            source, path = withdrawal.attributes.source, withdrawal.path
            await access.record(command_actor(), action, withdrawal.key, source=source, path=path)

    asyncio.run(record())
