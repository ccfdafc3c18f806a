"""What is announced when not the file of a post changes, but something that the post uses."""

import pathlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from syndicate.model.ledger import FIELD_NAMES, FieldName
from syndicate.service.content_service import ContentService
from syndicate.settings import load
from syndicate.storage.ledger import Ledger
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests.content_repository import ContentRepository
from tests.publisher.conftest import FIRST, NOW, SECOND, SETTINGS, post_file
from tests.publisher.test_ledger_writer import Inbox
from tests.render_pool import render_pool
from tests.stepwise_service import StepwiseService, sqlite_url, stepwise_service

pytestmark = pytest.mark.anyio

THIRD = "news/2023-11-08-third.md"

Changes = list[tuple[str, tuple[FieldName, ...]]]


@asynccontextmanager
async def service_of(
    folder: pathlib.Path, settings: str = SETTINGS
) -> AsyncIterator[StepwiseService]:
    """Open a service with these settings; its ledger stays in ``folder``."""
    file = folder / "syndicate.toml"
    file.write_text(settings)
    loaded = load(file, {})
    with ContentService(loaded, clock=lambda: NOW, render_pool=render_pool()) as content_service:
        async with stepwise_service(content_service, sqlite_url(folder)) as opened:
            yield opened


async def changes(service: StepwiseService, at: timedelta = timedelta()) -> Changes:
    """Publish, and return the title and the changed fields of each update, by title.

    Then nothing is left to announce, also for a process that starts.
    """
    inbox = await Inbox.subscribe(service)
    assert await service.publish(at)
    found = [(title, event.changed) for title, event, _ in await inbox.events()]
    await service.ledger_writer.release_lease()
    restarted = service.new_ledger_writer("restarted")
    assert await restarted.record(service.edition)
    await restarted.release_lease()
    assert len(await inbox.events()) == len(found)
    await Subscriptions(service.database, SecretStore()).remove("sub_inbox")
    return sorted(found)


@pytest.mark.parametrize(
    ("text", "settings", "changed"),
    [
        (
            post_file("First", "{{ office }} opens."),
            ('replacements = { office = "One" }', 'replacements = { office = "Two" }'),
            ("summary", "words", "markup"),
        ),
        (
            post_file("First", summary="By {{ office }}."),
            ('replacements = { office = "One" }', 'replacements = { office = "Two" }'),
            ("summary",),
        ),
        (
            post_file("First", authors="[ann]"),
            ('authors = { ann = "Ann" }', 'authors = { ann = "Ann Lee" }'),
            ("authors",),
        ),
        (
            post_file("First", '<iframe src="https://tv.gov/1" title="A"></iframe>'),
            ("", 'embeds = ["tv.gov"]'),
            ("markup",),
        ),
        (
            post_file("Other", headline="First"),
            ("", 'keys = { title = ["headline", "title"] }'),
            ("title",),
        ),
        (
            post_file("First", lead="A lead."),
            ("", 'keys = { summary = ["lead"] }'),
            ("summary",),
        ),
        (
            post_file("First", picture="/a.png", image="/b.png"),
            ("", 'keys = { image = ["picture"] }'),
            ("image",),
        ),
        (
            post_file("First", episode="/a.mp3"),
            ("", 'keys = { attachments = ["episode"] }'),
            ("image",),
        ),
        (
            post_file("First", minutes="7 min"),
            ("", 'keys = { reading_minutes = ["minutes"] }'),
            ("markup",),
        ),
        (
            post_file("First", carousel_show="true", picture="/a.png", lead="A lead."),
            ("", 'keys = { card_image = ["picture"], card_summary = ["lead"] }'),
            ("image", "carousel"),
        ),
    ],
)
async def test_changed_settings_are_announced_for_the_posts_that_use_them(
    tmp_path: pathlib.Path,
    content: ContentRepository,
    text: str,
    settings: tuple[str, str],
    changed: tuple[FieldName, ...],
) -> None:
    """With the fields that use them, and for no other post."""
    content.commit({FIRST: text, SECOND: post_file("Second")})
    before, after = settings
    async with service_of(tmp_path, f"{SETTINGS}{before}\n") as service:
        await service.publish()
    async with service_of(tmp_path, f"{SETTINGS}{after}\n") as service:
        assert await changes(service) == [("First", changed)]


async def test_changed_dialect_is_announced_where_a_comment_becomes_text(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Both read Markdown alike, but only one of them knows comments of Nunjucks."""
    content.commit({FIRST: post_file("First", "{# a #} b"), SECOND: post_file("Second", "b {#c}")})
    own = SETTINGS.replace('"news-and-blog"', '"jekyll"')
    async with service_of(tmp_path, own) as service:
        await service.publish()
    async with service_of(tmp_path) as service:
        assert await changes(service) == [("First", ("summary", "words", "markup"))]


async def test_changed_site_url_is_announced_with_what_is_made_of_it(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """URLs of posts, and tags that print the URL of the site, also in a post with its own URL."""
    filtered = post_file("Third", "[A]({{ '/a' | absolute_url }})", permalink="https://b.gov/t")
    assigned = post_file(
        "Fourth", "{% assign home = site.url %}[A]({{ home }}/a)", permalink="https://b.gov/f"
    )
    content.commit(
        {
            SECOND: post_file("Second", "[Home]({{ site.url }})"),
            THIRD: filtered,
            "news/2023-11-09-fourth.md": assigned,
        }
    )
    named = f'{SETTINGS}id_authority = "a.gov"\n'
    async with service_of(tmp_path, named) as service:
        await service.publish()
    async with service_of(tmp_path, named.replace("www.example.gov", "new.gov")) as service:
        assert await changes(service) == [
            ("First", ("url",)),
            ("Fourth", ("markup",)),
            ("Second", ("markup", "url")),
            ("Third", ("markup",)),
        ]


async def test_changed_public_url_is_announced_for_every_post(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Each item has the URL of its post in the API of this service."""
    content.commit({SECOND: post_file("Second")})
    async with service_of(tmp_path) as service:
        await service.publish()
    public = SETTINGS.replace("workers", 'public_url = "https://feeds.gov"\nworkers')
    async with service_of(tmp_path, public) as service:
        assert await changes(service) == [("First", ("url",)), ("Second", ("url",))]


async def test_changed_time_zone_is_announced_where_only_the_offset_differs(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """The instant of the first post moves, too."""
    content.commit({SECOND: post_file("Second", date="2023-11-07T09:00:00-05:00")})
    async with service_of(tmp_path) as service:
        await service.publish()
    async with service_of(tmp_path, SETTINGS.replace("New_York", "Chicago")) as service:
        assert await changes(service) == [("First", ("published",)), ("Second", ("published",))]


async def test_changed_title_of_a_category_is_announced(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """For the posts in it."""
    content.commit({SECOND: post_file("Second", tags="[tts]")})
    category = '[[categories]]\nslug = "tts"\ntitle = "{}"\n'
    async with service_of(tmp_path, SETTINGS + category.format("TTS")) as service:
        await service.publish()
    async with service_of(tmp_path, SETTINGS + category.format("Technology")) as service:
        assert await changes(service) == [("Second", ("categories",))]


@pytest.mark.slow
async def test_posts_that_link_to_a_post_change_with_its_url(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """By path or by name; also when it appears and when it goes."""
    linking = {
        SECOND: post_file("Second", f"See [this](/{FIRST})."),
        THIRD: post_file("Third", "See [this]({% post_url 2023-11-06-first %})."),
    }
    content.commit({**linking, "news/2023-11-09-fourth.md": post_file("Fourth", "[a](x.md)")})
    async with service_of(tmp_path) as service:
        await service.publish()
        content.commit({FIRST: post_file("First", permalink="/moved")})
        assert await changes(service) == [
            ("First", ("url",)),
            ("Second", ("markup",)),
            ("Third", ("markup",)),
        ]
        content.commit({FIRST: None})
        assert await changes(service) == [
            ("", ()),
            ("Second", ("markup",)),
            ("Third", ("markup",)),
        ]
        content.commit({FIRST: post_file("First")})
        assert [title for title, _ in await changes(service)] == ["First", "Second", "Third"]


async def test_translations_change_with_each_other(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Also when one appears by time alone."""
    key = {"translation_key": "a"}
    spanish = post_file("Primero", lang="es", date="2024-02-03", **key)
    content.commit({FIRST: post_file("First", **key), SECOND: spanish})
    async with service_of(tmp_path) as service:
        await service.publish()
        assert await changes(service, timedelta(days=3)) == [
            ("First", ("language",)),
            ("Primero", ()),
        ]
        content.commit({SECOND: spanish.replace("key: a", "key: b")})
        assert await changes(service, timedelta(days=3)) == [
            ("First", ("language",)),
            ("Primero", ("language",)),
        ]


@pytest.mark.slow
async def test_changed_bytes_of_a_served_picture_are_announced(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """With the URL that names them: in the text, as image of the post and on the card."""
    content.commit(
        {
            FIRST: post_file("First", "![A](/img/a.png) ![B](/img/b.png)"),
            SECOND: post_file("Second", image="/img/a.png"),
            THIRD: post_file("Third", carousel_show="true", carousel_image="/img/a.png"),
            "img/a.png": b"\x89a",
            "img/b.png": b"\x89b",
        }
    )
    async with service_of(tmp_path, f'{SETTINGS}assets = "serve"\n') as service:
        await service.publish()
        content.commit({"img/b.png": b"\x89other"})
        assert await changes(service) == [("First", ("markup",))]
        content.commit({"img/a.png": b"\x89other"})
        assert await changes(service) == [
            ("First", ("markup", "image")),
            ("Second", ("image",)),
            ("Third", ("image", "carousel")),
        ]


@pytest.mark.slow
async def test_rows_of_version_0_2_0_count_as_equal(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Nothing is rendered or announced; from then on, differences are noticed."""
    content.commit({SECOND: post_file("Second", authors="[ann]")})
    async with service_of(tmp_path) as service:
        await service.publish()
        async with service.database.write() as connection:
            await connection.exec_driver_sql("UPDATE ledger SET digests = ''")
    async with service_of(tmp_path, f'{SETTINGS}authors = {{ ann = "Ann" }}\n') as service:
        assert await changes(service) == []
        rows = (await Ledger(service.database).entries()).values()
        assert all(entry.row.digests for entry in rows)
    async with service_of(tmp_path) as service:
        assert await changes(service) == [("Second", ("authors",))]


async def test_edit_and_changed_input_are_announced_together(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """With all fields that differ."""
    content.commit({SECOND: post_file("Second", authors="[ann]")})
    async with service_of(tmp_path) as service:
        await service.publish()
    content.commit({SECOND: post_file("Better", authors="[ann]")})
    async with service_of(tmp_path, f'{SETTINGS}authors = {{ ann = "Ann Lee" }}\n') as service:
        assert await changes(service) == [("Better", ("title", "authors"))]


@pytest.mark.slow
async def test_changed_bytes_of_a_served_recording_are_announced(
    tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """As the image, which stands for all attachments.

    Of a file that is not served only the size differs, which is in RSS and Atom alone.
    """
    content.commit(
        {
            FIRST: post_file("First", audio="/talk.mp3"),
            SECOND: post_file("Second", "<audio src='/talk.mp3'></audio>"),
            "talk.mp3": b"one",
        }
    )
    async with service_of(tmp_path, f'{SETTINGS}assets = "serve"\n') as service:
        await service.publish()
        content.commit({"talk.mp3": b"another"})
        assert await changes(service) == [("First", ("image",)), ("Second", ("markup",))]
    async with service_of(tmp_path) as service:
        await changes(service)
        content.commit({"talk.mp3": b"a third one"})
        assert await changes(service) == []


async def test_another_version_of_the_renderer_is_silent(
    tmp_path: pathlib.Path, content: ContentRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests are of inputs, which no renderer made."""
    content.commit({SECOND: post_file("Second", f"[a](/{FIRST}) {{{{ site.url }}}} *b*")})
    async with service_of(tmp_path) as service:
        await service.publish()
    monkeypatch.setattr("syndicate.content.render_input.RENDERER_VERSION", "another")
    async with service_of(tmp_path) as service:
        assert await changes(service) == []


def test_every_digest_is_of_a_field(content_service: ContentService) -> None:
    """So that each one has a name in ``changed``."""
    (post,) = content_service.edition().posts
    names = [part.partition(":")[0] for part in post.digests.split(";")[1:]]
    assert names
    assert set(names) <= set(FIELD_NAMES)
