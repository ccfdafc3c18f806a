"""Real repositories: every version is parsed, every post is as on its site."""

import json
import pathlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from syndicate.dialects import DIALECTS
from syndicate.dialects.document.parser import parse_document
from syndicate.dialects.fields import Fields
from syndicate.errors import ContentError
from syndicate.model.post import Path, Source
from tests import corpora
from tests.corpora import LOGIN, VOCABULARY
from tests.dialects.corpus_history import CorpusHistory
from tests.samples import NEW_YORK, TECHNOLOGY, TTS

pytestmark = pytest.mark.corpora

EXPECTED: Final = pathlib.Path(__file__).parents[1] / "data" / "dialects" / "corpora"
USDS: Final = replace(
    corpora.USDS,
    folders=(Path("_news-and-blog"), Path("_news-and-blog-drafts"), Path("_blog_posts")),
)
EIGHTEEN_F: Final = replace(corpora.EIGHTEEN_F, folders=(Path("content/posts"), Path("_posts")))


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CorpusHistory]:
    """Return the three corpora, cloned."""
    folder = tmp_path_factory.mktemp("corpora")
    return {name: CorpusHistory(name, folder) for name in ("usds", "login", "18f")}


def parsed(path: Path, data: bytes, source: Source) -> Fields | str:
    """Return the fields of a post, or the reason why the file is not a post."""
    dialect = DIALECTS[source.dialect]
    reason = dialect.skip_reason(path, source)
    try:
        document = None if reason else parse_document(path, data)
    except ContentError as error:
        return error.code
    if document is None:
        return reason or "no front matter"
    return dialect.read_fields(document, source, VOCABULARY)


def posts(files: Mapping[Path, bytes], source: Source, folder: str) -> dict[Path, Fields]:
    """Return the fields of the posts in ``folder``, by path."""
    below = {path: data for path, data in files.items() if path.startswith(folder)}
    found = {path: parsed(path, data, source) for path, data in below.items()}
    return {path: fields for path, fields in found.items() if isinstance(fields, Fields)}


def url(path: Path, fields: Fields, source: Source) -> str:
    """Return the URL of a post that has a date."""
    assert fields.published
    return DIALECTS[source.dialect].post_url(fields, path, source, fields.published)


def visible(path: Path, fields: Fields, source: Source) -> dict[str, object]:
    """Return the visible fields of a post except its body."""
    values: dict[str, object] = {
        "title": fields.title,
        "url": url(path, fields, source),
        "published": fields.published and fields.published.isoformat(),
        "precision": fields.precision,
        "categories": [category.slug for category in fields.categories],
        "authors": list(fields.authors),
    }
    if fields.carousel:
        values["card"] = {
            "title": fields.card_title,
            "summary": fields.card_summary,
            "image": fields.card_image,
            "image_alt": fields.card_image_alt,
            "day": str(fields.day),
        }
        values["reading_minutes"] = fields.reading_minutes
    return values


@pytest.mark.parametrize("home", [USDS, LOGIN], ids=lambda home: home.name)
def test_posts_have_the_urls_and_titles_of_their_site(
    home: Source, histories: dict[str, CorpusHistory]
) -> None:
    """Titles, dates, URLs, categories, bylines and cards of live posts."""
    expected = json.loads((EXPECTED / f"{home.name}.json").read_text())
    found = posts(histories[home.name].files(), home, f"{home.folders[0]}/")
    assert {path: visible(path, fields, home) for path, fields in found.items()} == expected


def test_seed_of_login_has_the_categories_of_its_line(histories: dict[str, CorpusHistory]) -> None:
    """The post on the editors' branch has an exact time, two categories and a Markdown summary."""
    [(path, fields)] = (
        (path, fields)
        for path, fields in posts(
            histories["login"].files("cms/program_updates/empowering-responsible-ai"),
            LOGIN,
            "content",
        ).items()
        if "empowering-responsible-ai" in path
    )
    assert url(path, fields, LOGIN) == (
        f"https://www.login.gov/partners/program-updates/{pathlib.PurePath(path).stem}/"
    )
    assert fields.published == datetime(2024, 10, 16, 19, 24, 53, 929_000, tzinfo=UTC)
    assert fields.categories == (TECHNOLOGY, TTS)
    assert fields.title == (
        "Empowering responsible AI: The AI training series for government employees"
        " Is currently underway, read all about it!"
    )
    assert fields.summary.endswith("![](/assets/img/users.svg)")
    assert fields.language == "en"


def test_seed_of_usds_is_a_carousel_post(histories: dict[str, CorpusHistory]) -> None:
    """The version of commit 887d1f9 has the date of its file name and one byline."""
    stem = "2024-01-29-a-call-to-service-for-talent-in-the-federal-government"
    files = histories["usds"].files("887d1f9")
    path = next(path for path in files if stem in path)
    fields = parsed(path, files[path], USDS)
    assert isinstance(fields, Fields)
    assert url(path, fields, USDS) == (
        "https://www.usds.gov/news-and-blog/a-call-to-service-for-talent-in-the-federal-government"
    )
    assert fields.published == datetime(2024, 1, 29, tzinfo=NEW_YORK)
    assert (fields.precision, fields.carousel, fields.reading_minutes) == ("day", True, 3)
    assert len(fields.authors) == 1


@pytest.mark.parametrize(
    ("home", "reasons"),
    [
        (USDS, {"README": 3, "no front matter": 1}),
        (LOGIN, {}),
        (
            EIGHTEEN_F,
            {
                "front-matter": 48,
                "merge-conflict": 10,
                "lost-fence": 7,
                "no front matter": 8,
                "README": 11,
                "not a Markdown or HTML file": 18,
            },
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Source) else "",
)
def test_every_version_is_parsed_or_has_a_known_error(
    home: Source, reasons: dict[str, int], histories: dict[str, CorpusHistory]
) -> None:
    """No version of any file raises; files that are not posts have a reason."""
    found = [parsed(path, data, home) for path, data in histories[home.name].versions()]
    assert Counter(reason for reason in found if isinstance(reason, str)) == reasons
    assert all(fields.title for fields in found if isinstance(fields, Fields))


def test_dates_of_18f_are_from_keys_and_names(histories: dict[str, CorpusHistory]) -> None:
    """509 posts have 422 dates in front matter, 87 in file names, and 45 conflicts."""
    found = posts(histories["18f"].files(), EIGHTEEN_F, "content/posts/")
    assert len(found) == 509
    origins = Counter(dict(fields.origins)["published"].split(",")[0] for fields in found.values())
    assert origins == {"key date": 422, "file name": 87}
    rules = Counter(note.rule for fields in found.values() for note in fields.problems)
    assert rules["date-conflict"] == 45
    assert rules["impossible-date"] == rules["missing-date"] == 0


def test_urls_of_18f_are_those_of_the_site(histories: dict[str, CorpusHistory]) -> None:
    """URLs have the date and the name without a padded date; two posts have a permalink."""
    found = posts(histories["18f"].files(), EIGHTEEN_F, "content/posts/")
    urls = {path: url(path, fields, EIGHTEEN_F) for path, fields in found.items()}
    assert len(set(urls.values())) == 509
    own = {path for path, fields in found.items() if fields.permalink}
    assert {urls[path].removeprefix("https://18f.gsa.gov") for path in own} == {
        "/2015/05/21/tockingtime/",
        "/2015/09/09/how-a-two-day-sprint-moved-an-agency-twenty-years-forward/",
    }
    for path in found.keys() - own:
        published = found[path].published
        assert published
        name = re.sub(r"^\d{4}-\d\d-\d\d-", "", pathlib.PurePath(path).stem)
        assert urls[path] == f"https://18f.gsa.gov/{published:%Y/%m/%d}/{name}/"


def test_categories_and_images_of_18f_are_complete(
    histories: dict[str, CorpusHistory],
) -> None:
    """142 tags; images on 282 posts, 16 with alternative text; one post in Spanish."""
    found = posts(histories["18f"].files(), EIGHTEEN_F, "content/posts/").values()
    slugs = Counter(category.slug for fields in found for category in fields.categories)
    assert len(slugs) == 142
    assert slugs.most_common(2) == [("how-we-work", 151), ("best-practices", 102)]
    assert all(1 <= len(fields.categories) <= 10 for fields in found)
    assert sum(bool(fields.image) for fields in found) == 282
    assert sum(fields.image_alt is not None for fields in found) == 16
    assert Counter(fields.language for fields in found) == {"en": 508, "es-PR": 1}
    assert all(fields.authors for fields in found)


@pytest.mark.parametrize(
    ("commit", "edited", "least", "most"), [("9ba5277", 506, 1, 25), ("5f40894", 324, 19, 19)]
)
def test_mass_edits_of_18f_change_few_words_and_no_url(
    commit: str, edited: int, least: int, most: int, histories: dict[str, CorpusHistory]
) -> None:
    """A move of all files and a repair of links do not change *updated*."""
    corpus = histories["18f"]
    before, after = corpus.files(f"{commit}^"), corpus.files(commit)
    pairs = [pair for pair in corpus.edits(commit) if pair[1].endswith(".md")]
    assert len(pairs) == edited
    changed = 0
    for old, new in pairs:
        was, now = parsed(old, before[old], EIGHTEEN_F), parsed(new, after[new], EIGHTEEN_F)
        assert isinstance(was, Fields)
        assert isinstance(now, Fields)
        assert url(old, was, EIGHTEEN_F) == url(new, now, EIGHTEEN_F)
        changed += was.word_digest != now.word_digest
    assert least <= changed <= most
