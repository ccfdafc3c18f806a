"""Twelve questions of an editor, each answered on a page of the service that shows the answer.

SYNDICATE_SCREENSHOTS names the folder in which the pages are kept as PNG files, for people.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.async_api import Page, Route, async_playwright

from syndicate.model.access_token import NewToken, Role
from syndicate.model.audit import SERVICE
from syndicate.service.subscription_service import open_subscription_service
from syndicate.settings import Settings, load
from tests.browser import CHROMIUM_ARGUMENTS, IMAGE, SITE_IMAGES
from tests.channels.receiver import respond, run_receiver
from tests.content_repository import ContentRepository
from tests.project_documents import find_program
from tests.running_service import get_rendered, running_service, wait_for_response

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SETTINGS: Final = """
[service]
title = "Example agency feeds"
port = 0

[delivery]
allow_http = true
allow_networks = ["127.0.0.0/8"]

[[categories]]
slug = "forms"
title = "Forms"

[[sources]]
name = "news"
title = "Example agency"
repository = "content"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://www.example.gov"
timezone = "America/New_York"
"""
FORMS: Final = "news/2024-03-04-simpler-forms.md"
LAKE: Final = "news/2024-03-11-a-day-at-the-lake.md"
BUDGET: Final = "news/2024-03-18-budget.md"
DRAFT: Final = "news/2024-03-20-hiring.md"
MONDAY: Final = "news/2035-01-01-new-office.md"
BRANCH: Final = "news/2024-03-22-from-the-branch.md"
REQUEST: Final = "news/2024-03-25-from-the-request.md"
REQUEST_TEXT: Final = "The office is closed on Friday: the heating is repaired.\n" * 5
AT: Final = "2035-01-01T09:00"
"""A Monday."""


def post(title: str, *lines: str, text: str = "What people have to know about it.") -> str:
    """Return a post with ``lines`` of front matter, which has a category and an author."""
    front_matter = "\n".join((f"title: {title}", "authors: [Ada Editor]", "tags: [Forms]", *lines))
    return f"---\n{front_matter}\n---\n{text}\n"


CAROUSEL: Final = (
    *("carousel_show: true", "carousel_image: /images/forms.svg"),
    "carousel_image_alt_text: Two forms, the second with half of the fields",
)
PICTURE: Final = ("image: /images/lake.svg", "image_alt: A lake at noon")


def commit_posts(content: ContentRepository) -> None:
    """Commit posts, a branch and a pull request, and then the mistakes of an editor."""
    images = {"images/forms.svg": IMAGE, "images/lake.svg": IMAGE}
    content.commit(
        images
        | {
            FORMS: post("Simpler forms", *CAROUSEL),
            LAKE: post("A day at the lake", *PICTURE),
            BUDGET: post("The budget"),
            DRAFT: post("We are hiring", "published: false"),
            MONDAY: post("The new office opens"),
        },
        "Publish the posts of March",
    )
    content.create_branch("editorial")
    content.commit(
        {FORMS: post("Much simpler forms", *CAROUSEL), BRANCH: post("From the branch")},
        branch="editorial",
    )
    content.create_branch("request")
    content.commit(
        {REQUEST: post("From the pull request", text=REQUEST_TEXT), BUDGET: None}, branch="request"
    )
    content.git("update-ref", "refs/pull/7/head", "request")
    content.commit({"images/lake.svg": None}, "Remove images that are not used")
    content.commit({BUDGET: post("Budget: what is new")}, "Give the budget a better title")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, where the editor asks it, and what the page says.

    ``form`` has what the editor writes into the form of the page, by label.
    """

    name: str
    path: str
    form: Mapping[str, str]
    answers: tuple[str, ...]


POST: Final = "URL or file name of the post"
WHEN: Final = "Date and time (empty: now)"
REVISION: Final = "Branch (empty: what is published)"
QUESTIONS: Final = (
    Question(
        name="why-is-my-post-missing",
        path="/explain",
        form={POST: DRAFT},
        answers=(
            "Not published: the front matter sets published to false (line 5). Remove that key",
        ),
    ),
    Question(
        name="what-will-monday-look-like",
        path="/check",
        form={WHEN: AT},
        answers=(
            "Without a new commit, at January 1, 2035, 9:00 a.m. EST:",
            f"Appears: The new office opens, {MONDAY}",
        ),
    ),
    Question(
        name="what-did-my-branch-change",
        path="/check",
        form={REVISION: "editorial"},
        answers=(
            f"Appears: From the branch, {BRANCH}",
            f"Changes: Much simpler forms (title), {FORMS}",
        ),
    ),
    Question(
        name="why-is-the-picture-gone",
        path="/explain",
        form={POST: "https://www.example.gov/news-and-blog/2024-03-11-a-day-at-the-lake"},
        answers=("/images/lake.svg is not in the repository",),
    ),
    Question(
        name="did-partners-get-my-post",
        path="/explain",
        form={POST: FORMS},
        answers=("1 partner: received the latest version",),
    ),
    Question(
        name="which-date-author-and-url-and-where-from",
        path="/explain",
        form={POST: FORMS},
        answers=(
            "Date March 4, 2024 file name",
            "Author Ada Editor key authors, line 3",
            "/news-and-blog/2024-03-04-simpler-forms usual for such a site",
        ),
    ),
    Question(
        name="why-is-it-not-in-the-carousel",
        path="/explain",
        form={POST: LAKE},
        answers=("Not in carousel: carousel_show is not set to true",),
    ),
    Question(
        name="what-is-wrong-with-this-file",
        path="/explain",
        form={POST: "2024-03-18-budget.md"},
        answers=(
            "Published in an older version: the last change cannot be read.",
            "What to correct",
            "line 2: title has a colon followed by a space",
            'Write: title: "Budget: what is new"',
        ),
    ),
    Question(
        name="what-did-the-last-commits-change",
        path="/sources/news",
        form={},
        answers=(
            "Publish the posts of March",
            f"Appeared: Simpler forms, {FORMS}",
            f"these files cannot be read. Feeds keep the last version before it: {BUDGET}, line 2",
            f"Appeared: The new office opens, scheduled for January 1, 2035, {MONDAY}",
        ),
    ),
    Question(
        name="which-feeds-is-it-in",
        path="/explain",
        form={POST: FORMS},
        answers=("In all, carousel, news, forms",),
    ),
    Question(
        name="how-does-the-carousel-look",
        path="/feeds/carousel",
        form={},
        answers=("Carousel", "Simpler forms", "March 4, 2024"),
    ),
    Question(
        name="what-will-the-pull-request-publish",
        path="/check",
        form={REVISION: "pull/7/head"},
        answers=(
            f"Appears: From the pull request, {REQUEST}",
            f"Vanishes: The budget (the file is gone), {BUDGET}",
            "The branch adds no problem.",
        ),
    ),
)


async def create_token(settings: Settings, role: Role, name: str) -> str:
    """Create a token as the command does, while the service runs."""
    async with open_subscription_service(settings) as service:
        new = NewToken(role=role, name=name)
        return (await service.access.tokens.create(new, service.clock(), SERVICE))[1]


async def deliver_an_update(
    client: httpx.AsyncClient, settings: Settings, content: ContentRepository, endpoint: str
) -> None:
    """Subscribe a partner, and wait until they have received a change of a post."""
    partner = {"Authorization": f"Bearer {await create_token(settings, 'partner', 'us')}"}
    await wait_for_response(client, "/v1/changes", lambda response: response.is_success)
    response = await client.post("/v1/subscriptions", json={"url": endpoint}, headers=partner)
    path = f"/v1/subscriptions/{response.json()['id']}/deliveries"
    content.commit({FORMS: post("Simpler forms", *CAROUSEL) + "One more sentence.\n"})
    client.headers.update(partner)
    await wait_for_response(
        client,
        path,
        lambda response: [each["state"] for each in response.json()["items"]] == ["delivered"],
    )


@asynccontextmanager
async def editor_page(base_url: str, token: str) -> AsyncIterator[Page]:
    """Open a browser in which an editor has signed in."""
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=find_program("chromium"), args=CHROMIUM_ARGUMENTS
        ) as browser,
    ):
        page = await browser.new_page(base_url=base_url, viewport={"width": 1100, "height": 700})
        await page.route(SITE_IMAGES, fulfill_image)
        await page.goto("/explain")
        await page.get_by_label("Token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        yield page


async def fulfill_image(route: Route) -> None:
    """Respond to the request of an image of the site of the source."""
    await route.fulfill(body=IMAGE, content_type="image/svg+xml")


async def ask(page: Page, question: Question, screenshot: Path) -> str:
    """Ask ``question``, take a ``screenshot`` of the answer, and return the words of the page."""
    await page.goto(question.path)
    for label, value in question.form.items():
        await page.get_by_label(label).fill(value)
    if question.form:
        await page.locator("form.report button").click()
    await page.screenshot(path=screenshot, full_page=True)
    return " ".join((await page.inner_text("main")).split())


@pytest.fixture(scope="module")
async def answers(
    tmp_path_factory: pytest.TempPathFactory,
    anyio_backend: str,  # noqa: ARG001 — synchronous tests use this fixture
) -> dict[str, tuple[str, Path]]:
    """Return the words and the screenshot of the page that answers each question."""
    folder = tmp_path_factory.mktemp("editor")
    content = ContentRepository.create(folder / "content")
    content.now = datetime(2024, 3, 26, 13, tzinfo=UTC)
    commit_posts(content)
    (folder / "syndicate.toml").write_text(SETTINGS)
    settings = load(folder / "syndicate.toml", {})
    pictures = Path(os.environ.get("SYNDICATE_SCREENSHOTS") or folder / "screenshots")
    pictures.mkdir(parents=True, exist_ok=True)
    async with (
        running_service(settings, seconds=200) as client,
        run_receiver(respond(204)) as receiver,
    ):
        await deliver_an_update(client, settings, content, receiver.url())
        await get_rendered(client, "/feeds/all.json")
        base_url = str(client.base_url)
        token = await create_token(settings, "editor", "Web team")
        async with editor_page(base_url, token) as page:
            found = {}
            for number, question in enumerate(QUESTIONS, 1):
                screenshot = pictures / f"{number:02}-{question.name}.png"
                found[question.name] = await ask(page, question, screenshot), screenshot
            return found


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_page_answers_the_question(
    answers: Mapping[str, tuple[str, Path]], question: Question
) -> None:
    """In an editor's words, on a page that an editor finds and can look at."""
    text, screenshot = answers[question.name]

    assert [answer for answer in question.answers if answer not in text] == [], text
    assert screenshot.read_bytes().startswith(b"\x89PNG")
