"""Jobs as the index makes them, for tests."""

from typing import Final

from syndicate.render.body import Job

SITE: Final = "https://agency.example.gov"
PAGE: Final = f"{SITE}/news/a-post/"


def job(
    body: str,
    *,
    hard_breaks: bool = False,
    replacements: tuple[tuple[str, str], ...] = (),
    targets: tuple[tuple[str, str], ...] = (),
    assets: tuple[tuple[str, str], ...] = (),
) -> Job:
    """Return the job of a post whose front matter ends in line 4."""
    return Job(
        body=body,
        first_line=5,
        page_url=PAGE,
        site_url=SITE,
        key="k1",
        hard_breaks=hard_breaks,
        replacements=replacements,
        targets=targets,
        assets=assets,
    )
