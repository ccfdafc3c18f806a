"""Templates of the operator replace those of the service, and mistakes in them are found."""

from dataclasses import replace
from pathlib import Path

import pytest

from syndicate.model.explanation import Explanation
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import Path as PostPath
from syndicate.render.pages.editor_pages import ReportForm, explain_page
from syndicate.render.pages.html_pages import (
    about_page,
    content_security_policy,
    problem_page,
    template_errors,
)
from tests import samples
from tests.render.parsed_html import by_class, parse_page, text

OWN_LAYOUT = """{% extends "syndicate/layout.html" %}
{% block footer %}<p id="own">Call {% include "phone.html" %}</p>{{ super() }}{% endblock %}
"""


def service_with(folder: Path, **templates: str) -> ServiceInfo:
    """Return a service whose ``templates``, given without suffix, are in ``folder``."""
    for name, source in templates.items():
        suffix = "css" if name == "page" else "html"
        (folder / f"{name}.{suffix}").write_text(source)
    return replace(samples.SERVICE_INFO, templates_folder=str(folder))


def test_own_layout_is_around_every_page(tmp_path: Path) -> None:
    """It extends that of the service, and includes a template of its own."""
    service = service_with(tmp_path, layout=OWN_LAYOUT, phone="555-0100")

    for page in (
        problem_page(service, title="Gone", detail="It left."),
        about_page(service, sources=[], links=()),
    ):
        root = parse_page(page)
        assert text(next(e for e in root.iter() if e.get("id") == "own")) == "Call 555-0100"
        assert "All feeds as OPML" in text(root)
    assert template_errors(str(tmp_path)) == ()


def test_own_style_sheet_is_allowed(tmp_path: Path) -> None:
    """The policy has its hash."""
    service = service_with(tmp_path, page="body { color: #123456 }")

    assert "color: #123456" in problem_page(service, title="Gone", detail="It left.")
    assert content_security_policy(service) != content_security_policy(samples.SERVICE_INFO)
    assert template_errors(str(tmp_path)) == ()


def test_failing_template_is_replaced_and_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readers get the page of the service; the log has the template and the error."""
    service = service_with(tmp_path, problem="{{ title.missing }}")

    page = problem_page(service, title="Gone", detail="It left.")

    assert page == problem_page(samples.SERVICE_INFO, title="Gone", detail="It left.")
    logged = capsys.readouterr().err
    assert "template failed" in logged
    assert "problem.html" in logged


@pytest.mark.parametrize(
    ("name", "source", "error"),
    [
        ("feed.html", "a\n{% if %}", "feed.html line 2: Expected an expression"),
        ("feed.html", "{{ feed|nothing }}", "feed.html line 1: No filter named 'nothing'."),
        ("feed.html", "{{ fed.title }}", "feed.html: there is no variable fed"),
        ("about.html", "{{ feed.title }}", "about.html: there is no variable feed"),
        (
            "layout.html",
            '{% extends "layuot.html" %}',
            "layout.html: there is no template layuot.html",
        ),
        (
            "feeds.html",
            "",
            "feeds.html: no page uses a template of this name; did you mean feed.html?",
        ),
        ("page.css", "</style><script>", "page.css: a style sheet cannot contain </style"),
    ],
)
def test_mistakes_in_templates_are_named(
    tmp_path: Path, name: str, source: str, error: str
) -> None:
    """With file, line where there is one, and what is wrong."""
    (tmp_path / name).write_text(source)
    (tmp_path / "notes.txt").write_text("{% not a template")

    (message,) = template_errors(str(tmp_path))

    assert message.startswith(error)


def test_unlike_any_name_lists_the_names_of_templates(tmp_path: Path) -> None:
    """There is nothing near it."""
    (tmp_path / "zzzzz.html").touch()

    (message,) = template_errors(str(tmp_path))

    assert "valid: about.html, api_reference.html" in message


def test_unreadable_templates_are_named(tmp_path: Path) -> None:
    """A folder that is missing, and a file that is no text."""
    (tmp_path / "feed.html").write_bytes(b"\xff")

    assert template_errors(str(tmp_path / "none")) == (f"{tmp_path / 'none'} is not a folder",)
    (message,) = template_errors(str(tmp_path))
    assert message.startswith("feed.html cannot be read")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("scheduled for 2024-07-01T09:30:00-04:00", "scheduled for July 1, 2024, 9:30 a.m. EDT"),
        (
            "expired on 2024-01-29T17:00:00+01:00.",
            "expired on January 29, 2024, 5:00 p.m. UTC+01:00.",
        ),
        ("2024-01-29", "January 29, 2024"),
        ("news/2024-01-29-a.md and 2024-01-29-a.md", "news/2024-01-29-a.md and 2024-01-29-a.md"),
    ],
)
def test_times_are_written_in_words(words: str, expected: str) -> None:
    """In the time zone of the source where that has the same offset; names of files stay."""
    explanation = Explanation(
        source="news", path=PostPath("a.md"), commit="c0", hidden=words, zone=samples.NEW_YORK
    )
    page = explain_page(samples.SERVICE_INFO, ReportForm(text="a"), [(explanation, None)])
    (lead,) = by_class(parse_page(page), "lead")

    assert text(lead) == f"Not published: {expected}."
    times = [element.get("datetime", "") for element in lead.iter("time")]
    assert all(time in words for time in times)
    assert len(times) == ("news" not in words)


@pytest.mark.parametrize(
    "words",
    [
        "until 2024-02-30",
        "until 2024-13-45, and then",
        "until 2024-01-29T25:00:00-05:00",
        "until 0001-01-01T00:00:00+14:00",
    ],
)
def test_what_only_looks_like_a_date_stays(words: str) -> None:
    """No calendar has it, or no time zone of the source."""
    explanation = Explanation(
        source="news", path=PostPath("a.md"), commit="c0", hidden=words, zone=samples.NEW_YORK
    )
    page = explain_page(samples.SERVICE_INFO, ReportForm(text="a"), [(explanation, None)])
    (lead,) = by_class(parse_page(page), "lead")

    assert text(lead) == f"Not published: {words}."
