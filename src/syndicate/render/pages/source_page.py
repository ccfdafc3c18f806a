"""The page of a source: its state, what its last commits changed, and its problems."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syndicate.model.edition import Edition, Problem, SourceSnapshot
from syndicate.model.feed import ServiceInfo, source_location
from syndicate.model.git_host import GitHost
from syndicate.model.source_history import CommitReport, PostChange
from syndicate.render.pages.editor_pages import ChangeRow, problems_by_file
from syndicate.render.pages.html_pages import render_page


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """What a visitor may see of a source besides what is public.

    ``shows_files`` says whether paths, problems and posts that are not live are shown, and
    ``is_editor`` whether the subjects of commits are.
    """

    shows_files: bool = False
    is_editor: bool = False


def source_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    edition: Edition,
    snapshot: SourceSnapshot,
    view: SourceView,
    *,
    posts: int,
    reports: Sequence[CommitReport] | None,
    problems: Sequence[Problem],
) -> str:
    """Return the page of the source of ``snapshot``, of which ``posts`` are live.

    ``reports`` is None if the history cannot be read; ``problems`` are shown to those who see
    files, their numbers to everybody.
    """
    source = snapshot.source
    host = GitHost.from_repository(source.repository) if view.shows_files else None
    commits = [
        {
            "report": report,
            "url": host.commit_url(report.id) if host else "",
            "rows": tuple(_change_rows(report, edition, view, host, service_info)),
        }
        for report in reports or ()
    ]
    return render_page(
        "source.html",
        service_info,
        snapshot=snapshot,
        source=source,
        view=view,
        host=host,
        posts=posts,
        feed_url=source_location(edition, source.name).url(service_info),
        commits=commits,
        has_history=reports is not None,
        counts=Counter(problem.level for problem in problems),
        files=problems_by_file(problems if view.shows_files else ()),
        here="",
    )


def _change_rows(
    report: CommitReport,
    edition: Edition,
    view: SourceView,
    host: GitHost | None,
    service_info: ServiceInfo,
) -> Iterator[ChangeRow]:
    """Yield the changes that a visitor may see: everybody those of posts in feeds.

    A URL of a removed post is for editors only: nothing here says whether it was ever public.
    """
    for change in report.changes:
        post = change.post
        live = edition.find_post(post.id)
        is_future = post.published > edition.at
        is_there = change.effect != "vanished"
        if view.shows_files:
            yield ChangeRow(
                effect=change.effect,
                title=post.title,
                language=post.language,
                url=service_info.url(f"/posts/{live.key}") if live else "",
                path=post.path,
                file_url=_file_url(host, report, change),
                note=", ".join(change.details),
                scheduled=post.published.date() if is_there and is_future else None,
                is_expired=is_there and bool(post.expires and post.expires <= edition.at),
            )
        elif is_there and live:
            yield ChangeRow(
                effect=change.effect,
                title=live.title,
                language=live.language,
                url=service_info.url(f"/posts/{live.key}"),
                note=", ".join(change.details),
            )


def _file_url(host: GitHost | None, report: CommitReport, change: PostChange) -> str:
    """Return the URL of the file after the commit, empty if it is gone."""
    if host is None or change.effect == "vanished":
        return ""
    return host.file_url(report.id, change.post.path)
