"""Query strings: canonical form, filters, and errors."""

from random import Random
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import UsageError
from syndicate.model.category import CategoryDefinition, Vocabulary
from syndicate.model.edition import Edition
from syndicate.model.query import Query, parse_query
from tests import samples
from tests.samples import TTS

NEWS = samples.post(language="es-PR")
UPDATE = samples.post("updates/a.md", source="updates--2", categories=(TTS,))
EDITION = samples.edition(
    NEWS,
    UPDATE,
    vocabulary=Vocabulary(definitions=(CategoryDefinition(category=TTS, aliases=("TTS", "18F")),)),
)


def parse(text: str, edition: Edition = EDITION) -> Query:
    """Parse the query string ``text`` for ``edition``."""
    return parse_query(parse_qsl(text, keep_blank_values=True), edition)


texts = st.lists(
    st.one_of(
        st.tuples(st.just("category"), st.sampled_from(["tts", "18F", "Technology", " TTS "])),
        st.tuples(st.just("source"), st.sampled_from(["news", "NEWS", "updates--2"])),
        st.tuples(st.just("language"), st.sampled_from(["en", "ES", "es-PR"])),
    ),
    max_size=6,
)
once = st.fixed_dictionaries(
    {},
    optional={
        "match": st.sampled_from(["any", "all", "ALL", ""]),
        "carousel": st.sampled_from(["true", "FALSE", " "]),
        "limit": st.integers(1, 200).map(str),
        "after": st.text("abc-_019", max_size=5),
        "content": st.sampled_from(["full", "summary", "text", "none"]),
    },
)
queries = st.tuples(texts, once).map(lambda both: [*both[0], *both[1].items()])


@given(queries)
def test_canonical_query_round_trips(pairs: list[tuple[str, str]]) -> None:
    """It has the same meaning, and its canonical form is itself."""
    query = parse_query(pairs, EDITION)
    again = parse(query.canonical())
    assert again.canonical() == query.canonical()
    assert again.selection == query.selection
    assert (again.limit, again.after, again.content) == (query.limit, query.after, query.content)


@given(queries, st.randoms(use_true_random=False))
def test_parameter_order_does_not_matter(pairs: list[tuple[str, str]], random: Random) -> None:
    """Equivalent queries are one page in a cache."""
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert parse_query(shuffled, EDITION) == parse_query(pairs, EDITION)


@given(queries, st.lists(st.tuples(st.sampled_from(["utm_source", "fbclid", "q", ""]), st.text())))
def test_unknown_parameters_are_ignored(
    pairs: list[tuple[str, str]], foreign: list[tuple[str, str]]
) -> None:
    """Mailing tools and browsers append some."""
    assert parse_query([*pairs, *foreign], EDITION) == parse_query(pairs, EDITION)


def test_defaults_and_empty_values_are_omitted() -> None:
    """The result is the unfiltered feed."""
    assert parse("").canonical() == ""
    assert parse("category=&match=any&limit=50&content=full&carousel=&after=+").canonical() == ""


def test_canonical_query_is_sorted_and_uses_slugs() -> None:
    """One URL for one page."""
    query = parse("source=news&match=all&limit=5&category=Technology&carousel=TRUE&category=18F")
    expected = "carousel=true&category=technology&category=tts&limit=5&match=all&source=news"
    assert query.canonical() == expected
    assert query.canonical("x y") == f"after=x+y&{expected}"
    assert parse(f"after=x&{expected}").canonical("") == expected


@pytest.mark.parametrize(
    "text", ["tts", "TTS", "18f", "Technology%20Transformation%20Services", "tts&category=TTS"]
)
def test_slug_title_and_alias_give_the_same_query(text: str) -> None:
    """They are one page in a cache."""
    assert parse(f"category={text}") == Query(categories=("tts",))


def test_source_name_is_matched_in_any_case() -> None:
    """Also a name with two hyphens."""
    assert parse("source=Updates--2&source=NEWS").sources == ("news", "updates--2")


def test_parameters_become_a_selection() -> None:
    """With all their values."""
    assert NEWS in parse("language=es&source=news&category=technology&carousel=false").selection
    assert UPDATE not in parse("category=technology&category=tts&match=all").selection
    assert UPDATE in parse("category=technology&category=tts").selection


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("categories", "category"),
        ("tag", "category"),
        ("cat", "category"),
        ("sources", "source"),
        ("lang", "language"),
        ("page", "after"),
        ("per_page", "limit"),
    ],
)
def test_misspelled_parameter_names_the_right_one(given: str, meant: str) -> None:
    """Ignoring it would serve all posts to a client that wanted some."""
    with pytest.raises(UsageError, match=f"{given!r} is called {meant!r}") as caught:
        parse(f"{given}=x")
    assert caught.value.code == "wrong-parameter"
    assert meant in caught.value.choices


@pytest.mark.parametrize(
    "text",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=²",
        "limit=1.5",
        "limit=0000000200000",
        f"limit={'9' * 5000}",
        "match=some",
        "carousel=yes",
        "carousel=1",
        "content=all",
        "language=en_US",
        "language=englishlanguage",
        "language=e n",
        "limit=1&limit=2",
        "carousel=true&carousel=false",
        "after=a&after=b",
    ],
)
def test_invalid_value_names_parameter_and_value(text: str) -> None:
    """The hint says what is allowed."""
    with pytest.raises(UsageError, match=text.partition("=")[0]) as caught:
        parse(text)
    assert caught.value.code == "malformed-parameter"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "code", "known"),
    [
        ("category=tss", "unknown-category", ("tts", "technology")),
        ("category=--", "unknown-category", ("technology", "tts")),
        ("source=new", "unknown-source", ("news", "updates--2")),
    ],
)
def test_unknown_name_lists_known_names(text: str, code: str, known: tuple[str, ...]) -> None:
    """An empty feed would look like an agency without news."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.choices) == (code, known)
    assert caught.value.hint


def test_repeated_equal_value_is_allowed() -> None:
    """Only contradicting values are an error."""
    assert parse("limit=5&limit=5").limit == 5
