"""Histories of a repository, its service and its subscribers, in which everything may change."""

import pathlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from hypothesis import strategies as st

from syndicate.service.content_service import ContentService
from syndicate.settings import load
from tests import samples
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository
from tests.publisher.conftest import NOW, SETTINGS, post_file
from tests.render_pool import render_pool

PATHS: Final = (
    *(f"news/2023-11-0{day}-post.md" for day in range(1, 4)),
    *(f"_posts/2023-11-0{day}-site.md" for day in range(4, 6)),
)
QUERIES: Final = ("", "category=design", "carousel=true", "source=news&language=es")


class Write(NamedTuple):
    """An editor writes a file, or deletes it without text."""

    path: str
    text: str | bytes | None


class Move(NamedTuple):
    """An editor moves a file, over another one if there is one."""

    old: str
    new: str


class Push(NamedTuple):
    """A force-push to an earlier state of the branch, counted modulo the number of states."""

    state: int


class Wait(NamedTuple):
    """A number of days passes."""

    days: int


class Restart(NamedTuple):
    """The operator changes the settings and restarts the service."""

    settings: int


class Sync(NamedTuple):
    """A partner requests the changes."""

    partner: int


class Select(NamedTuple):
    """A subscriber changes its selection; subscribers are counted modulo their number."""

    subscriber: int
    query: str


class Pause(NamedTuple):
    """A subscriber pauses its subscription."""

    subscriber: int


class Resume(NamedTuple):
    """A subscriber resumes its subscription."""

    subscriber: int


class Gone(NamedTuple):
    """The endpoint of a subscriber responds with 410."""

    subscriber: int


class Recover(NamedTuple):
    """A subscriber requests what it missed, or everything."""

    subscriber: int
    from_scratch: bool


class NewSubscriber(NamedTuple):
    """A subscriber without a copy subscribes."""

    query: str


Edit = Write | Move | Push | Wait | Restart
SubscriberAction = Select | Pause | Resume | Gone | Recover
Action = Edit | Sync | SubscriberAction | NewSubscriber

CONFIG: Final = "url: https://agency.gov\npermalink: /news/:title/\ntimezone: America/New_York\n"
CONFIGURATIONS: Final = (
    CONFIG,
    CONFIG.replace("/news/", "/blog/"),
    CONFIG.replace("agency.gov", "new.agency.gov"),
    CONFIG.replace("New_York", "Chicago"),
    f"{CONFIG}kramdown: {{hard_wrap: true}}\n",
    f'{CONFIG}lang: es\ndefaults: [{{scope: {{path: ""}}, values: {{author: bob}}}}]\n',
    "url: [\n",
    "url: http://localhost:4000\n",
    None,
)
"""Of the site: URLs appear, change, break and go."""
AUTHORS: Final = ("ann: Ann\nbob: Bob\n", "ann: Ann Lee\nbob: Bob\n", None)
PICTURES: Final = (b"\x89one", b"\x89two", None)

_SITE_SOURCE: Final = """
[[sources]]
name = "site"
repository = "content"
id_authority = "agency.gov"
assets = "serve"
"""
_CATEGORY: Final = '\n[[categories]]\nslug = "design"\ntitle = "Design"\n'
_NEWS: Final = 'assets = "serve"\nid_authority = "www.example.gov"\n'
_BASE: Final = SETTINGS.replace(
    "workers", f'public_url = "{samples.SERVICE_INFO.public_url}"\nworkers'
)
SETTINGS_VARIANTS: Final = (
    _BASE + _NEWS + _SITE_SOURCE + _CATEGORY,
    _BASE.replace("https://feeds", "https://www.feeds") + _NEWS + _SITE_SOURCE + _CATEGORY,
    f'{_BASE}{_NEWS}replacements = {{ office = "The office" }}\nauthors = {{ ann = "A. Lee" }}\n'
    + (_SITE_SOURCE + _CATEGORY),
    _BASE + _NEWS + _SITE_SOURCE + _CATEGORY.replace('"Design"', '"Design and research"'),
    _BASE.replace("New_York", "Chicago") + _NEWS + _CATEGORY,
)
"""The last one is without the source of the site."""

paths = st.sampled_from(PATHS)
keys = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.sampled_from(["[design]", "[design, tts]", "[tts]"]),
        "draft": st.just("true"),
        "published": st.just("false"),
        "carousel_show": st.just("true"),
        "lang": st.just("es"),
        "permalink": st.sampled_from(["/a", "/b"]),
        "date": st.integers(1, 28).map(lambda day: f"2024-02-{day:02}"),
        "expires": st.integers(1, 28).map(lambda day: f"2024-02-{day:02}"),
        "author": st.sampled_from(["ann", "bob"]),
        "image": st.just("/img/a.png"),
        "translation_key": st.just("one"),
        "preview": st.just("By {{ office }}."),
    },
)
words = st.sampled_from(
    [
        "Some words.",
        "Other *words*.",
        "Other\nwords.",
        "![A](/img/a.png)",
        "{{ office }} opens at {{ site.url }}.",
        "See {% post_url 2023-11-01-post %} or [this](../_posts/2023-11-04-site.md).",
        "[First](/news/2023-11-01-post.md), [b](2023-11-02-post.md)",
        "[Relative](other/) and [root](/about/).",
    ]
)
texts = st.builds(
    lambda title, words, more: post_file(title, words, **more),
    st.sampled_from(["One", "Two"]),
    words,
    keys,
)
numbers = st.integers(0, 9)
subscriber_actions = (
    st.builds(Select, numbers, st.sampled_from(QUERIES))
    | st.builds(Pause, numbers)
    | st.builds(Resume, numbers)
    | st.builds(Gone, numbers)
    | st.builds(Recover, numbers, st.booleans())
)
edits = (
    st.builds(Write, paths, texts)
    | st.builds(Write, paths, texts)
    | st.builds(Write, paths, st.none())
    | st.builds(Move, paths, paths)
    | st.builds(Write, st.just("_config.yml"), st.sampled_from(CONFIGURATIONS))
    | st.builds(Write, st.just("_data/authors.yml"), st.sampled_from(AUTHORS))
    | st.builds(Write, st.just("img/a.png"), st.sampled_from(PICTURES))
    | st.builds(Push, st.integers(0, 9))
    | st.builds(Wait, st.integers(1, 15))
    | st.builds(Restart, st.integers(0, len(SETTINGS_VARIANTS) - 1))
)
actions = (
    edits
    | st.builds(Sync, st.integers(0, len(QUERIES) - 1))
    | subscriber_actions
    | st.builds(NewSubscriber, st.sampled_from(QUERIES))
)
histories = st.lists(actions, min_size=6, max_size=14)


@dataclass
class EditedRepository:
    """A repository that the services of all settings read in all histories.

    ``settings`` is the number of the present ones.
    """

    folder: pathlib.Path
    content: ContentRepository
    first_commit: str
    services: ExitStack
    settings: int = 0
    states: list[str] = field(default_factory=list)
    opened: dict[int, ContentService] = field(default_factory=dict)

    def reset(self) -> None:
        """Reset the branch to its first commit, which is a force-push as well."""
        self.content.now = FIRST_COMMIT_AT
        self.content.reset(self.first_commit)
        self.states = [self.first_commit]
        self.settings = 0

    @property
    def content_service(self) -> ContentService:
        """The service of the present settings, opened when it is first used."""
        if self.settings not in self.opened:
            file = self.folder / f"{self.settings}.toml"
            file.write_text(SETTINGS_VARIANTS[self.settings])
            service = ContentService(load(file, {}), clock=lambda: NOW, render_pool=render_pool())
            self.opened[self.settings] = self.services.enter_context(service)
        return self.opened[self.settings]

    def apply(self, action: Action) -> timedelta:
        """Apply an action to the branch, and return the time that passes."""
        match action:
            case Write(path, text) if text is not None or self.has(path):
                self.states.append(self.content.commit({path: text}))
            case Move(old, new) if old != new and self.has(old):
                self.states.append(self.content.rename(old, new))
            case Push(state):
                self.content.reset(self.states[state % len(self.states)])
            case Restart(settings):
                self.settings = settings
            case Wait(days):
                return timedelta(days=days)
            case _:
                pass
        return timedelta()

    def has(self, path: str) -> bool:
        """Return whether there is a file at ``path``."""
        return bool(self.content.git("ls-tree", "main", path))


@contextmanager
def edited_repository() -> Iterator[EditedRepository]:
    """Create the repository of two sources: a folder of posts, and a site with configuration."""
    with ExitStack() as exit_stack:
        folder = pathlib.Path(exit_stack.enter_context(tempfile.TemporaryDirectory()))
        content = ContentRepository.create(folder / "content")
        first_commit = content.commit(
            {
                "_config.yml": CONFIG,
                "_data/authors.yml": AUTHORS[0],
                "img/a.png": PICTURES[0],
                PATHS[0]: post_file("One"),
                PATHS[3]: post_file("Site", author="ann"),
                "about.md": post_file("About"),
            }
        )
        yield EditedRepository(
            folder=folder, content=content, first_commit=first_commit, services=exit_stack
        )
