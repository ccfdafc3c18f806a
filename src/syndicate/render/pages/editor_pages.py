"""The pages for editors: explanations of posts and problems of a source."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from syndicate.errors import UnknownName
from syndicate.model.edition import Problem
from syndicate.model.explanation import Explanation, FeedMembership
from syndicate.model.feed import ServiceInfo
from syndicate.model.git_host import GitHost
from syndicate.model.source_history import PostChange, SourceReport
from syndicate.render.pages.html_pages import render_page

_LABELS: Final = {
    "title": "Title",
    "published": "Date",
    "updated": "Last change",
    "expires": "Expires",
    "url": "URL",
    "permalink": "Permalink",
    "summary": "Summary",
    "authors": "Author",
    "image": "Picture",
    "image_alt": "Description of the picture",
    "categories": "Categories",
    "carousel": "In the carousel",
    "language": "Language",
    "reading_minutes": "Minutes to read",
    "external_url": "Original on another site",
    "card_title": "Title in the carousel",
    "card_summary": "Summary in the carousel",
    "card_image": "Picture in the carousel",
    "attachments": "Audio and video",
    "markdown": "Markdown",
}
"""The fields that editors ask for, in the order of the page; others are in `syndicate explain`."""
_ALWAYS: Final = {
    "authors": "nobody is named; write authors: in the front matter",
    "image": "none; write image: in the front matter, or put a picture into the text",
    "categories": "none; write categories: in the front matter",
}
"""What the page says where a field has no value."""
_TIME_FIELDS: Final = frozenset({"published", "updated", "expires"})
_YES_NO: Final = {True: "yes", False: "no"}
_DELIVERIES: Final = (
    (("delivered",), "received the latest version"),
    (("pending", "leased"), "wait for it"),
    (("exhausted",), "did not receive it: their own systems did not accept it for three days"),
)
_HIDING_KEY: Final = re.compile(r"([\w.-]+): (\w+)")
"""The key of front matter and the value that hide a post, such as ``published: false``."""
_OWN_KEY: Final = re.compile(r"key .*, line (\d+)", re.DOTALL)
"""The origin of a key that is in the file itself; line 0 is unknown."""
_PLAIN_ORIGINS: Final = {"the dialect": "usual for such a site", "default": "usual"}
_MAX_FEEDS: Final = 30
_MAX_CHANGES: Final = 100
_PREVIEW_EFFECTS: Final = {"appeared": "appears", "changed": "changes", "vanished": "vanishes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForm:
    """What an editor asked for: a post or source, a branch, tag or commit, and a time."""

    text: str
    rev: str = ""
    at: str = ""

    @property
    def is_preview(self) -> bool:
        """Whether the report is not about what is served at present."""
        return bool(self.rev or self.at)

    def query(self, path: str) -> str:
        """Return the query of the same report on the post in the file ``path``."""
        values = {"post": path, "rev": self.rev, "at": self.at}
        given = {name: value for name, value in values.items() if value}
        return urlencode(given, safe="/", errors="surrogateescape", quote_via=quote)

    def time(self, zone: tzinfo) -> datetime:
        """Return the time, in ``zone`` if it has no offset; raises `ValueError`."""
        time = datetime.fromisoformat(self.at)
        return time if time.tzinfo else time.replace(tzinfo=zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A field in an editor's words; ``origin`` is empty where nothing says the value.

    The value of a field that ``is_time`` is a date or a time (RFC 3339).
    """

    label: str
    value: str
    origin: str
    is_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change in words: ``url`` is a page of this service, ``file_url`` one of the git host.

    Times in ``note`` are in RFC 3339.
    """

    effect: str
    title: str
    language: str
    url: str = ""
    path: str = ""
    file_url: str = ""
    note: str = ""
    scheduled: date | None = None
    is_expired: bool = False


def explain_form_page(
    service_info: ServiceInfo, form: ReportForm, *, error: UnknownName | None = None
) -> str:
    """Return the form that asks for a post, with an ``error`` if there is no such post."""
    return render_page(
        "explain.html", service_info, form=form, error=error, reports=(), here="/explain"
    )


def explain_page(
    service_info: ServiceInfo,
    form: ReportForm,
    found: Sequence[tuple[Explanation, Mapping[str, int] | None]],
) -> str:
    """Return the page with the explanations of posts.

    Each has the numbers of partners by the state of their delivery, None where they are not shown.
    """
    reports = [
        {
            "explanation": explanation,
            "title": explanation.title or field_values.get("title") or explanation.path,
            "hiding": _hiding_key(explanation),
            "hiding_place": explanation.hidden_origin.partition(", ")[2],
            "is_old_version": any(problem.level == "error" for problem in explanation.problems)
            and not any(entry.served for entry in explanation.history[-1:]),
            "at": form.time(explanation.zone) if form.at else None,
            "problems": [without_path(problem) for problem in explanation.problems],
            "rows": tuple(_field_rows(explanation)),
            "containing": [feed.feed for feed in explanation.feeds if not feed.reason],
            "excluding": _by_reason(explanation.feeds),
            "deliveries": None if counts is None else tuple(_delivery_lines(counts)),
        }
        for explanation, counts in found
        for field_values in [{field.name: field.value for field in explanation.fields}]
    ]
    return render_page(
        "explain.html", service_info, form=form, error=None, reports=reports, here="/explain"
    )


def check_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    form: ReportForm,
    report: SourceReport,
    *,
    sources: Sequence[str],
    zone: ZoneInfo,
    at: datetime,
    repository: str = "",
    commit: str = "",
    error: UnknownName | None = None,
) -> str:
    """Return the page with the ``report`` on one of ``sources``, whose time zone is ``zone``.

    With an ``error``, there is nothing to report. Problems link to the files in ``commit`` on the
    git host of ``repository``, if there is one. ``at`` is the present time.
    """
    time = form.time(zone) if form.at else at
    return render_page(
        "check.html",
        service_info,
        form=form,
        report=report,
        at=time if form.at else None,
        zone=zone,
        rows=[
            _preview_row(change, time, service_info.url(f"/explain?{form.query(change.post.path)}"))
            for change in (report.changes or ())[:_MAX_CHANGES]
        ],
        sources=sources,
        counts=Counter(problem.level for problem in report.problems),
        files=problems_by_file(report.problems),
        earlier_files=problems_by_file(report.earlier_problems),
        host=GitHost.from_repository(repository) if commit else None,
        commit=commit,
        error=error,
        here="/check",
    )


def _preview_row(change: PostChange, at: datetime, url: str) -> ChangeRow:
    """Return a row of a change that is not public yet, which links to its explanation."""
    post = change.post
    is_there = change.effect != "vanished"
    return ChangeRow(
        effect=_PREVIEW_EFFECTS[change.effect],
        title=post.title,
        language=post.language,
        url=url,
        path=post.path,
        note=", ".join(change.details),
        scheduled=post.published.date() if is_there and post.published > at else None,
        is_expired=is_there and bool(post.expires and post.expires <= at),
    )


def problems_by_file(problems: Iterable[Problem]) -> Mapping[str, Sequence[Problem]]:
    """Return ``problems`` by path, in their order; the path of those of a source is empty."""
    files: dict[str, list[Problem]] = {}
    for problem in problems:
        files.setdefault(problem.path, []).append(without_path(problem))
    return files


def without_path(problem: Problem) -> Problem:
    """Return ``problem`` with a message that does not begin with the path of its file."""
    return replace(problem, message=problem.message.removeprefix(f"{problem.path}: "))


def _hiding_key(explanation: Explanation) -> tuple[str, str, int] | None:
    """Return (key, value, line) if the front matter of the file itself hides it."""
    key = _HIDING_KEY.fullmatch(explanation.hidden)
    origin = _OWN_KEY.fullmatch(explanation.hidden_origin)
    return (key[1], key[2], int(origin[1])) if key and origin else None


def _field_rows(explanation: Explanation) -> Iterator[FieldRow]:
    fields = {field.name: field for field in explanation.fields}
    for name, label in _LABELS.items():
        field = fields.get(name)
        if field is not None:
            value = _YES_NO[field.value] if isinstance(field.value, bool) else str(field.value)
            yield FieldRow(
                label=label,
                value=value,
                origin=_PLAIN_ORIGINS.get(field.origin, field.origin),
                is_time=name in _TIME_FIELDS,
            )
        elif name in _ALWAYS and explanation.post_id:
            yield FieldRow(label=label, value=_ALWAYS[name], origin="")


def _by_reason(feeds: Sequence[FeedMembership]) -> list[tuple[str, list[str], int]]:
    """Return (reason, the first feeds, number of all) for each reason not to be in a feed."""
    reasons: dict[str, list[str]] = {}
    for feed in feeds:
        if feed.reason:
            is_other = feed.reason in (f"not filed under {feed.feed}", f"not from {feed.feed}")
            reason = "other categories and sources" if is_other else feed.reason
            reasons.setdefault(reason, []).append(feed.feed)
    return [(reason, names[:_MAX_FEEDS], len(names)) for reason, names in reasons.items()]


def _delivery_lines(counts: Mapping[str, int]) -> Iterator[str]:
    for states, words in _DELIVERIES:
        number = sum(count for state, count in counts.items() if state in states)
        if number:
            yield f"{number:,} {'partner' if number == 1 else 'partners'}: {words}"
