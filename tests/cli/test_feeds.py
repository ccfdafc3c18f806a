"""`syndicate show` and `syndicate build`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SETTINGS, Run
from tests.content_repository import ContentRepository


def titles(text: str) -> list[str]:
    """Return the titles of a JSON Feed."""
    return [item["title"] for item in json.loads(text)["items"]]


def test_show_prints_a_feed(run: Run, file: Path) -> None:
    """By name, as JSON Feed."""
    outcome = run("show", "all", "--config", file)

    assert (outcome.code, outcome.err) == (0, "")
    assert titles(outcome.out) == ["Second", "Uno", "First"]


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ("carousel", ["First"]),
        ("en-espanol", ["Uno"]),
        ("tts", ["First"]),
        ("all?category=TTS&utm_source=x", ["First"]),
        ("all?limit=1&source=", ["Second"]),
    ],
)
def test_query_narrows_a_feed(run: Run, file: Path, feed: str, expected: list[str]) -> None:
    """As in a URL."""
    assert titles(run("--config", file, "show", feed).out) == expected


@pytest.mark.parametrize(
    "name", ["TTS", "Technology Transformation Services", "technology-transformation-services"]
)
def test_category_is_found_by_any_spelling(run: Run, file: Path, name: str) -> None:
    """As in a URL, also with a query."""
    shown = run("show", "tts", "--config", file).out

    assert run("show", name, "--config", file).out == shown
    assert titles(run("show", f"{name}?source=updates", "--config", file).out) == []


def test_shadowed_category_is_shown_by_query(run: Run, file: Path) -> None:
    """A source has the same name; the alias leads to the category, as in a URL."""
    file.write_text(file.read_text() + '[[categories]]\nslug = "news"\ntitle = "Tidings"\n')

    assert json.loads(run("show", "tidings", "--config", file).out)["feed_url"].endswith(
        "/feeds/all.json?category=news"
    )


@pytest.mark.parametrize(("form", "root"), [("rss", "<rss "), ("atom", "<feed ")])
def test_show_in_every_format(run: Run, file: Path, form: str, root: str) -> None:
    """Also as XML."""
    assert root in run("show", "all", "--format", form, "--config", file).out


@pytest.mark.parametrize(
    ("feed", "known"), [("nope", "Valid values: all, carousel,"), ("all?tag=tts", "category")]
)
def test_unknown_feed_is_an_error_with_valid_values(
    run: Run, file: Path, feed: str, known: str
) -> None:
    """An unknown name or parameter exits 2."""
    outcome = run("show", feed, "--config", file)

    assert (outcome.code, outcome.out) == (2, "")
    assert known in outcome.err


def test_show_of_another_revision_and_time(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Before publication."""
    content.create_branch("editorial")
    content.commit({"news/2023-11-07-second.md": "---\ntitle: Better\n---\n"}, branch="editorial")

    assert titles(run("show", "news", "--rev", "editorial", "--config", file).out) == [
        "Better",
        "First",
    ]
    assert titles(
        run("show", "news", "--at", "2023-11-06T12:00:00-05:00", "--config", file).out
    ) == ["First"]
    assert "Over" in titles(run("show", "news", "--at", "2023-11-20", "--config", file).out)


def test_invalid_time_is_a_usage_error(run: Run, file: Path) -> None:
    """With an example of a valid one."""
    outcome = run("show", "all", "--at", "Monday", "--config", file)

    assert outcome.code == 2
    assert "invalid time Monday" in outcome.err


def test_unavailable_source_is_a_warning(run: Run, file: Path) -> None:
    """The other sources are shown."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))

    outcome = run("show", "all", "--config", file)

    assert (outcome.code, titles(outcome.out)) == (0, ["Uno"])
    assert outcome.err.startswith("Warning: source news: ")
    assert "missing" in outcome.err


@pytest.mark.slow
def test_build_writes_every_feed_in_every_format(run: Run, file: Path, tmp_path: Path) -> None:
    """As `show` prints them and nothing else; a second run changes nothing."""
    feeds = ("all", "carousel", "en-espanol", "news", "partners", "tts", "updates")
    names = {f"{feed}.{form}" for feed in feeds for form in ("json", "rss", "atom")}
    folder = tmp_path / "out" / "feeds"

    outcome = run("build", "--out", tmp_path / "out", "--config", file)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    run("build", "--out", tmp_path / "out", "--config", file)

    assert (outcome.code, outcome.out) == (0, "")
    assert f"7 feeds written to {folder}, each as json, rss, atom" in outcome.err
    assert first.keys() == names
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}
    for form in ("json", "rss", "atom"):
        shown = run("show", "all", "--format", form, "--config", file).out
        assert first[f"all.{form}"].decode() == shown


def test_build_fails_if_a_source_is_unavailable(run: Run, file: Path, tmp_path: Path) -> None:
    """Existing files stay: an export without a source would remove its posts."""
    file.write_text(SETTINGS.replace('"content"', '"missing"', 1))

    outcome = run("build", "--out", tmp_path / "out", "--config", file)

    assert outcome.code == 1
    assert "no feeds written" in outcome.err
    assert not (tmp_path / "out").exists()


def test_unwritable_folder_is_reported(run: Run, file: Path) -> None:
    """With a hint."""
    outcome = run("build", "--out", file, "--config", file)

    assert outcome.code == 1
    assert "cannot write" in outcome.err
    assert "Not a directory" in outcome.err
