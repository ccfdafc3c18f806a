"""`syndicate explain`."""

import json
from pathlib import Path

import pytest

from syndicate.cli.explain import explanation_lines
from syndicate.model.explanation import Explanation, FeedMembership
from syndicate.model.post import Path as PostPath
from syndicate.model.selection import Selection
from syndicate.service.explanation import exclusion_reason
from tests import samples
from tests.cli.conftest import FILES, Run
from tests.content_repository import ContentRepository

FIRST = "news/2023-11-06-first.md"


def fields(text: str) -> dict[str, tuple[object, str]]:
    """Return the fields of the one explanation in ``text``, with where they are from."""
    (explanation,) = json.loads(text)
    return {field["name"]: (field["value"], field["origin"]) for field in explanation["fields"]}


def test_fields_have_their_origin(run: Run, file: Path) -> None:
    """Front matter by key and line, derived values by what they are derived from."""
    explained = fields(run("explain", FIRST, "--json", "--config", file).out)

    key = explained.pop("key")[0]
    assert explained == {
        "id": (f"tag:www.example.gov,2024-01-01:{key}", "first path and first commit"),
        "url": ("https://www.example.gov/first", "key permalink, line 9"),
        "title": ("First", "key title, line 2"),
        "published": ("2023-11-06", "file name"),
        "updated": ("2024-01-01T07:00:00-05:00", "last change of title, summary or text"),
        "language": ("en", "default"),
        "categories": ("tts", "key tags, line 10"),
        "carousel": (True, "key carousel_show, line 3"),
        "summary": ("The first post", "key carousel_summary, line 4"),
        "image": ("https://www.example.gov/assets/first.png", "key carousel_image, line 5"),
        "image_alt": ("A first picture", "key carousel_image_alt_text, line 6"),
        "authors": ("Ada Editor", "key byline_str, line 7"),
        "external_url": ("https://www.example.org/first", "key source_url, line 8"),
        "reading_minutes": (1, "word count"),
        "card_title": ("First", "the title"),
        "card_summary": ("The first post", "key carousel_summary, line 4"),
        "card_image": ("https://www.example.gov/assets/first.png", "key carousel_image, line 5"),
        "markdown": ("kramdown (typographer, heading_ids)", "the dialect"),
    }


def test_derived_fields_have_their_origin(run: Run, file: Path) -> None:
    """Defaults of the source, and values derived from the text."""
    explained = fields(run("explain", "./updates/uno.md", "--json", "--config", file).out)
    second = fields(run("explain", "news/2023-11-07-second.md", "--json", "--config", file).out)

    assert explained["published"] == ("2023-11-06T12:00:00+00:00", "key date, line 4")
    assert explained["url"] == (
        "https://partners.example.gov/updates/uno/",
        "sources[1].permalink in syndicate.toml",
    )
    assert explained["categories"] == ("partners", "sources[1].categories in syndicate.toml")
    assert explained["summary"] == ("Palabras.", "beginning of the text")
    assert second["image"] == (
        "https://www.example.gov/dots.png",
        "first image of the text",
    )
    assert second["image_alt"] == ("Dots", "same image")
    assert second["carousel"] == (False, "not set")
    assert "card_title" not in second


def test_fields_that_settings_decide_name_the_setting(run: Run, file: Path) -> None:
    """That of the folder, where patterns are by folder."""
    news = 'permalink = "/news/:name"'
    own = 'permalinks = {news = "/n/:name"}\nlanguage = "fr"\nids = "url"\nmarkdown = "commonmark"'
    file.write_text(
        file.read_text().replace(news, own).replace('permalink = "/updates/:name/"', "")
    )
    second = fields(run("explain", "news/2023-11-07-second.md", "--json", "--config", file).out)
    uno = fields(run("explain", "updates/uno.md", "--json", "--config", file).out)

    setting = "sources[0].{} in syndicate.toml".format
    assert second["url"] == (
        "https://www.example.gov/n/2023-11-07-second",
        setting("permalinks.news"),
    )
    assert second["id"] == (second["url"][0], setting("ids"))
    assert second["language"] == ("fr", setting("language"))
    assert second["markdown"][1] == setting("markdown")
    assert uno["url"][1] == "the dialect"


def test_post_with_an_id_of_its_own_is_found_by_it(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """And by the tag URI that it would have; both have their origin."""
    page = "---\ntitle: Old\nguid: https://www.example.gov/?p=7\n---\nWords.\n"
    content.commit({"news/2023-11-05-old.md": page})
    explained = fields(
        run("explain", "https://www.example.gov/?p=7", "--json", "--config", file).out
    )
    assert explained["id"] == ("https://www.example.gov/?p=7", "key guid, line 3")
    tag, origin = explained["tag"]
    assert origin == "first path and first commit"
    assert fields(run("explain", tag, "--json", "--config", file).out) == explained


@pytest.mark.slow
def test_post_is_found_by_path_url_key_and_id(run: Run, file: Path) -> None:
    """Each of the four."""
    explained = fields(run("explain", FIRST, "--json", "--config", file).out)

    for name in ("id", "key", "url"):
        assert (
            fields(run("explain", explained[name][0], "--json", "--config", file).out) == explained
        )
    assert (
        fields(run("explain", f"{explained['url'][0]}/", "--json", "--config", file).out)
        == explained
    )


def test_explanation_as_text(run: Run, file: Path) -> None:
    """Fields with origins, the feeds that contain the post, and why others do not."""
    outcome = run("explain", "updates/uno.md", "--config", file)

    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert outcome.code == 0
    assert lines[0].startswith("updates/uno.md of updates, at commit ")
    assert lines[1] == "Served."
    assert "title Uno [key title, line 2]" in lines
    short = lines[0].rpartition(" ")[2]
    assert lines[-5:] == [
        "In all, en-espanol, updates, partners.",
        "Not in carousel: carousel_show is not set to true.",
        "Not in 2 feeds of other categories and sources.",
        "History:",
        f"2024-01-01 12:00 {short} first commit <- served",
    ]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("news/2099-11-07-later.md", "scheduled for 2099-11-07T00:00:00-05:00"),
        ("news/2023-11-08-over.md", "expired on 2023-12-01T00:00:00-05:00"),
        ("news/2023-11-09-draft.md", "draft: true"),
        ("news/2023-11-10-broken.md", "unreadable"),
    ],
)
def test_hidden_files_are_explained_with_the_reason(
    run: Run, file: Path, path: str, why: str
) -> None:
    """Never a post, not yet live, or no longer live."""
    outcome = run("explain", path, "--config", file)

    assert outcome.code == 0
    assert outcome.out.splitlines()[1] == f"Not served: {why}."
    assert "In all" not in outcome.out
    assert "Not in" not in outcome.out


def test_post_with_a_duplicate_url_is_explained(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """The post that is left out is found by its path."""
    content.commit({"news/2023-11-12-again.md": "---\ntitle: Again\npermalink: /first\n---\nX\n"})

    outcome = run("explain", "news/2023-11-12-again.md", "--config", file)

    assert outcome.out.splitlines()[1] == "Not served: excluded by a problem."
    assert "duplicate-address" in outcome.out


def test_broken_file_is_explained_with_the_served_version(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """The last readable version stays in service, and the problem is named."""
    content.commit({FIRST: "---\ntitle: [\n---\n"})

    outcome = run("explain", FIRST, "--config", file)

    assert outcome.out.splitlines()[1] == "Served."
    assert f"{FIRST}:2: error: " in outcome.out


def test_history_of_a_file_is_shown(run: Run, file: Path, content: ContentRepository) -> None:
    """Renames, changes of the text and other changes, and the served version."""
    text, moved = FILES[FIRST], "news/2023-11-06-moved.md"
    content.commit({FIRST: text.replace("First words", "Other words")})
    content.commit({FIRST: None, moved: text.replace("First words", "Other words")})
    content.commit({moved: text.replace("First words", "Other words") + "{: .wide}\n"})
    content.commit({moved: "---\ntitle: [\n---\n"})

    (explained,) = json.loads(run("explain", moved, "--json", "--config", file).out)

    assert [
        (event["what"].partition(":")[0], event["served"]) for event in explained["history"]
    ] == [
        ("first commit", False),
        ("words changed", False),
        (f"renamed from {FIRST}, words unchanged", False),
        ("words unchanged", True),
        ("cannot be read", False),
    ]
    assert explained["history"][0]["at"] == "2024-01-01 07:00:00-05:00"


def test_fields_of_a_hidden_file_are_shown(run: Run, file: Path) -> None:
    """With origins and history; a broken file has no fields."""
    draft, broken = (
        json.loads(run("explain", path, "--json", "--config", file).out)[0]
        for path in ("news/2023-11-09-draft.md", "news/2023-11-10-broken.md")
    )

    assert [(field["name"], field["value"], field["origin"]) for field in draft["fields"]] == [
        ("title", "Draft", "key title, line 2"),
        ("published", "2023-11-09", "file name"),
    ]
    assert broken["fields"] == []
    assert [event["served"] for event in (*draft["history"], *broken["history"])] == [False, False]


def test_excluding_feeds_are_omitted_if_there_are_none() -> None:
    """Fields without a value are omitted as well."""
    explained = Explanation(
        source="news",
        path=PostPath(FIRST),
        commit="c0ffee",
        hidden="",
        feeds=(FeedMembership(feed="all", reason=""), FeedMembership(feed="news", reason="")),
    )

    assert list(explanation_lines(explained)) == [
        f"{FIRST} of news, at commit c0ffee",
        "Served.",
        "In all, news.",
    ]


def test_unknown_post_is_a_usage_error(run: Run, file: Path) -> None:
    """With the accepted forms."""
    outcome = run("explain", "news/nothing.md", "--config", file)

    assert (outcome.code, outcome.out) == (2, "")
    assert "no file of any source matches 'news/nothing.md'" in outcome.err


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        (Selection(), ""),
        (Selection.create(categories=["technology", "design"], languages=["en"]), ""),
        (Selection.create(categories=["law", "design"]), "not filed under design or law"),
        (
            Selection.create(categories=["technology", "law", "design"], match_all=True),
            "not filed under design, not filed under law",
        ),
        (Selection(carousel=False), "in the carousel"),
        (Selection.create(sources=["b", "a"]), "not from a or b"),
        (Selection.create(languages=["es", "fr"]), "not in es or fr"),
    ],
)
def test_every_exclusion_reason_is_named(selection: Selection, why: str) -> None:
    """All reasons at once; none if the feed contains the post."""
    post = samples.post(categories=(samples.TECHNOLOGY,), carousel=True, language="en-US")

    assert exclusion_reason(post, selection) == why
    assert (post in selection) == (why == "")


def test_number_of_files_that_are_left_out_is_said(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """Of those with the same name."""
    content.commit(
        {
            f"updates/{number}/same.md": f"---\npermalink: /{number}/\n---\nWords.\n"
            for number in range(21)
        }
    )

    outcome = run("explain", "same.md", "--config", file)

    assert outcome.out.count(" of updates, at commit ") == 20
    assert outcome.out.splitlines()[-1] == "Files of this name that are left out: 1. Use a path."
