"""Sources that leave settings to their site, for tests."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from syndicate.model.post import Source

DERIVED = ("dialect", "folders", "language", "markdown", "permalink", "site_url", "timezone")


def left_out(**settings: object) -> Source:
    """Return a source that leaves everything to its site but ``settings``."""
    source = Source(
        name="news",
        title="News",
        repository="",
        folders=(),
        dialect="",
        site_url="",
        id_authority="agency.gov",
        zone=ZoneInfo("UTC"),
        derived=tuple(name for name in DERIVED if name not in settings),
    )
    named = {name: value for name, value in settings.items() if name != "timezone"}
    return replace(source, **named)  # type: ignore[arg-type]
