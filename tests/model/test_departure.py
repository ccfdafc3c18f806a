"""When posts left feeds."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from syndicate.model.departure import (
    Departure,
    PostAttributes,
    PostState,
    departures_by,
    latest_departure,
)
from syndicate.model.selection import Selection
from tests import samples

FIRST: Final = samples.NOW
SECOND: Final = FIRST + timedelta(days=2)
BOTH: Final = PostAttributes(
    source="news", categories=(samples.TECHNOLOGY, samples.TTS), carousel=True, language="en"
)
ONE: Final = replace(BOTH, categories=(samples.TTS,))
LIVE: Final = PostState(attributes=BOTH, published=FIRST - timedelta(days=9))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (LIVE, LIVE, []),
        (LIVE, None, [Departure(at=SECOND, before=BOTH)]),
        (LIVE, replace(LIVE, attributes=ONE), [Departure(at=SECOND, before=BOTH, after=ONE)]),
        (
            LIVE,
            replace(LIVE, published=SECOND + timedelta(days=1)),
            [Departure(at=SECOND, before=BOTH)],
        ),
        (LIVE, replace(LIVE, expires=SECOND), [Departure(at=SECOND, before=BOTH)]),
        (
            LIVE,
            replace(LIVE, published=FIRST - timedelta(days=99)),
            [Departure(at=LIVE.published, before=BOTH)],
        ),
        (replace(LIVE, published=SECOND + timedelta(days=1)), None, []),
        (
            replace(LIVE, expires=SECOND - timedelta(days=1)),
            LIVE,
            [Departure(at=SECOND - timedelta(days=1), before=BOTH)],
        ),
    ],
)
def test_post_that_readers_no_longer_see_departs(
    before: PostState, after: PostState | None, expected: list[Departure]
) -> None:
    """When a commit hides or refiles it; instants that had passed stay."""
    assert [*departures_by(before, after, SECOND)] == expected


def test_post_departs_from_the_selections_that_lack_it_now() -> None:
    """The latest departure of a selection is the first that concerns it."""
    departures = [
        Departure(at=SECOND, before=BOTH, after=ONE),
        Departure(at=FIRST, before=ONE),
    ]
    technology = Selection.create(categories=["technology"])
    tts = Selection.create(categories=["tts"])
    assert latest_departure(departures, technology) == SECOND
    assert latest_departure(departures, tts) == FIRST
    assert latest_departure(departures, Selection.create(sources=["other"])) is None
