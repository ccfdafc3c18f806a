"""The page of a source: what everybody sees, and what editors see."""

from dataclasses import replace
from datetime import timedelta

from syndicate.model.edition import Edition, Problem
from syndicate.model.post import CommitId, Path, Post
from syndicate.model.source_history import CommitReport, PostChange, PostEffect
from syndicate.render.pages.source_page import SourceView, source_page
from tests import samples
from tests.render.parsed_html import parse_page, text

LIVE = samples.post(title="In feeds")
FUTURE = samples.post("news/2024-07-01-secret.md", published=samples.NOW + timedelta(days=30))
EXPIRED = samples.post("news/2024-02-01-old.md", expires=samples.NOW - timedelta(days=1))
GONE = samples.post("news/2024-02-02-gone.md")
NEVER = replace(FUTURE, path=Path("news/never.md"), title="never shown")
REPOSITORY = "git@github.com:example/site.git"
EVERYBODY = SourceView()
EDITOR = SourceView(shows_files=True, is_editor=True)
PROBLEM = Problem(
    level="error",
    rule="yaml",
    source="news",
    path=Path("news/broken.md"),
    line=3,
    message="news/broken.md: a colon",
    hint="Quote it.",
)


def change(effect: PostEffect, post: Post, *details: str) -> PostChange:
    """Return a change of ``post``."""
    return PostChange(effect=effect, post=post, details=details)


def report(*changes: PostChange, total: int = 0) -> CommitReport:
    """Return a commit that made ``changes``."""
    return CommitReport(
        id=CommitId("ab" * 20),
        time=samples.NOW.astimezone(samples.NEW_YORK),
        subject="Correct a name",
        changes=changes,
        total=total or len(changes),
    )


ALL = report(
    change("changed", replace(LIVE, title="As it was"), "title", "date"),
    change("appeared", FUTURE),
    change("appeared", EXPIRED),
    change("vanished", GONE),
    change("vanished", NEVER),
    total=52,
)


def page_of(
    view: SourceView,
    *reports: CommitReport,
    repository: str = REPOSITORY,
    error: str = "",
    is_readable: bool = True,
) -> str:
    """Return the page of a source with two posts."""
    snapshot = samples.source_snapshot(
        samples.source(repository=repository), LIVE, FUTURE, EXPIRED, problems=(PROBLEM,)
    )
    snapshot = replace(snapshot, error=error)
    return source_page(
        samples.SERVICE_INFO,
        Edition.build([snapshot], at=samples.NOW),
        snapshot,
        view,
        posts=1,
        reports=reports if is_readable else None,
        problems=snapshot.problems,
    )


def main_text(page: str) -> str:
    """Return the words of the main part."""
    (main,) = parse_page(page).iter("main")
    return text(main)


def test_everybody_sees_what_is_in_feeds() -> None:
    """No file, no subject, and no post that is not live, which may never have been."""
    page = page_of(EVERYBODY, ALL, repository=REPOSITORY)
    said = main_text(page)

    assert "Feeds show the latest commit." in said
    assert "Feed 1 post" in said
    assert "Problems 1 error" in said
    assert "June 1, 2024, 8:00 a.m. EDT" in said
    assert "Changed: In feeds (title, date)" in said
    assert "Vanished" not in said
    assert "And 47 posts more." in said
    for hidden in (
        "secret",
        "never",
        GONE.url,
        "01 old",
        "Correct a name",
        "As it was",
        "broken.md",
        "github",
    ):
        assert hidden not in page
    assert "/portal/login?next=/sources/news" in page


def test_editor_sees_files_and_reasons() -> None:
    """With links to the git host and to explanations."""
    page = page_of(EDITOR, ALL)
    said = main_text(page)

    assert "June 1, 2024, 8:00 a.m. EDT: Correct a name" in said
    assert "Changed: As it was (title, date), news/2024-01-29-a-first-post.md" in said
    assert "2024 07 01 secret, scheduled for July 1, 2024, news" in said
    assert "2024 02 01 old, expired" in said
    assert "Vanished: never shown, news/never.md" in said
    base = "https://github.com/example/site"
    assert f'href="{base}/blob/{"ab" * 20}/news/2024-07-01-secret.md"' in page
    assert f'href="{base}/commit/{samples.COMMIT}"' in page
    assert f'href="{base}/blob/{samples.COMMIT}/news/broken.md?plain=1#L3"' in page
    assert "Error, line 3 of news/broken.md at github.com: a colon. Quote it." in said
    assert "/explain?post=news/broken.md" in page


def test_page_without_a_git_host_has_no_links_to_files() -> None:
    """Of a repository on this host."""
    page = page_of(EDITOR, ALL, repository="/srv/site.git")

    assert "blob" not in page
    assert "Error, line 3: a colon. Quote it." in main_text(page)


def test_page_says_what_is_wrong() -> None:
    """A failing source, without its reason for everybody; a history that cannot be read."""
    public = main_text(page_of(EVERYBODY, error="/srv/x is locked", is_readable=False))
    editor = main_text(page_of(EDITOR, error="/srv/x is locked"))

    assert "The last update failed (source-failing). Feeds show the version below." in public
    assert "The history of the source is not available at present." in public
    assert "Feeds show the version below: /srv/x is locked." in editor


def test_commit_without_changes_says_so() -> None:
    """For everybody only of what is in feeds."""
    public = main_text(page_of(EVERYBODY, report(change("appeared", FUTURE))))
    editor = main_text(page_of(SourceView(shows_files=True), report()))

    assert "No change of a post that is in feeds now." in public
    assert "No post changed." in editor
    assert "Correct a name" not in editor


def test_file_name_that_is_not_utf_8_is_shown() -> None:
    """With U+FFFD in the text, also of a message, and with its bytes in links."""
    path = Path("news/\udcff.md")
    odd = replace(PROBLEM, path=path, message=f"{path}: a colon in {path}")
    snapshot = samples.source_snapshot(samples.source(repository=REPOSITORY), problems=(odd,))

    page = source_page(
        samples.SERVICE_INFO,
        Edition.build([snapshot], at=samples.NOW),
        snapshot,
        EDITOR,
        posts=0,
        reports=[report(change("appeared", replace(LIVE, path=path)))],
        problems=snapshot.problems,
    )

    assert "a colon in news/\ufffd.md" in main_text(page)
    assert "In feeds, news/\ufffd.md" in main_text(page)
    assert f'/{"ab" * 20}/news/%FF.md"' in page
    assert "/explain?post=news/%FF.md" in page
