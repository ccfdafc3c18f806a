"""Measure `syndicate init` and the first feed of real sites, and compare the posts with the truth.

A folder has bundles of sites, ``NAME.bundle``, each with its truth beside it: ``NAME.json`` has
``engine``, ``site_url`` and ``posts``, each with ``url``, ``day``, ``title`` and ``authors``, and
perhaps ``optional`` and ``also``, a list of further URLs that are right.
For each site: CPU time of `init`, and of `serve` from its start to the first feed; then the posts
by URL. An optional post may be absent. Exits with 1 if a limit is exceeded.

Usage: python benchmarks/sites.py [FOLDER ...]
"""

import html
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.goals import record_goal
from harness.service_process import Server, run_service

SITES = Path(os.environ.get("SYNDICATE_SITES") or Path(__file__).parents[1] / "../shared/sites")
MAX_CPU_SECONDS = 5.0
KINDS = ("absent", "extra", "day", "title", "authors")
"""What can be wrong: a URL that is not served, one that no post has, and fields of the others."""


@dataclass(frozen=True)
class SiteFigures:
    """The figures of one site; ``faults`` by kind."""

    name: str
    engine: str
    posts: int
    served: int
    init_cpu: float
    first_feed_cpu: float
    faults: Mapping[str, list[str]] = field(default_factory=dict)


def location(url: str) -> str:
    """Return what of a URL is compared: host and path, without escaping."""
    parts = urlsplit(url)
    return f"{parts.hostname}{unquote(parts.path)}"


def words(text: str) -> list[str]:
    """Return the words of a text, without markup and typography."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", text)).lower()
    return re.findall(r"\w+", plain.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def names(authors: list[str]) -> list[str]:
    """Return the words of names in alphabetical order."""
    return sorted(word for word in words(" ".join(authors)) if word not in {"and", "by", "et"})


def run_init(repository: Path, settings: Path) -> float:
    """Write ``settings`` for ``repository``; return CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "syndicate", "init", str(repository), "--out", str(settings)]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def with_site_url(settings: str, site_url: str) -> str:
    """Return ``settings`` with the URL of the site where the repository does not state it."""
    return settings.replace('# site_url = "https://…"', f'site_url = "{site_url}"', 1)


def served_posts(server: Server) -> Iterator[Mapping[str, Any]]:
    """Yield all posts of the service."""
    path = "/v1/posts?limit=50"
    while path:
        server.wait_for_feed(path)
        page = json.loads(server.get(path).body)
        yield from page["items"]
        following = urlsplit(page["next_url"] or "")
        path = f"{following.path}?{following.query}" if following.path else ""


def compare(
    posts: list[Mapping[str, Any]], items: list[Mapping[str, Any]]
) -> Mapping[str, list[str]]:
    """Return the faults of the served ``items``, given the true ``posts``."""
    faults: dict[str, list[str]] = {kind: [] for kind in KINDS}
    by_location = {location(item["url"]): item for item in items}
    for post in posts:
        places = [location(url) for url in (post["url"], *post.get("also", ()))]
        item = next((by_location.pop(place) for place in places if place in by_location), None)
        if item is not None:
            for kind in wrong_fields(post, item):
                faults[kind].append(post["url"])
        elif not post.get("optional"):
            faults["absent"].append(post["url"])
    faults["extra"] = [item["url"] for item in by_location.values()]
    return faults


def wrong_fields(post: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of ``item`` that differ from ``post``, which may leave some open."""
    if post["day"] and item["date_published"][:10] != post["day"]:
        yield "day"
    if post["title"] and words(item["title"]) != words(post["title"]):
        yield "title"
    authors = [author["name"] for author in item.get("authors", [])]
    if post["authors"] and names(authors) != names(post["authors"]):
        yield "authors"


def measure(bundle: Path) -> SiteFigures:
    """Return the figures of the site in ``bundle``."""
    truth = json.loads(bundle.with_suffix(".json").read_text())
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        repository, settings = Path(temporary) / bundle.stem, Path(temporary) / "syndicate.toml"
        command = ["git", "clone", "-q", "--bare", str(bundle), str(repository)]
        subprocess.run(command, check=True, capture_output=True)
        init_cpu = run_init(repository, settings)
        settings.write_text(with_site_url(settings.read_text(), truth["site_url"]))
        with run_service(Path(temporary)) as server:
            server.wait_for_feed("/feeds/all.json")
            first_feed_cpu = server.cpu_seconds(with_children=True)
            items = list(served_posts(server))
    return SiteFigures(
        bundle.stem,
        truth["engine"].partition(",")[0],
        len(truth["posts"]),
        len(items),
        init_cpu,
        first_feed_cpu,
        compare(truth["posts"], items),
    )


def report(results: list[SiteFigures]) -> None:
    """Print a row for each site, its faults, and the sums."""
    head = "".join(f"{kind:>9}" for kind in KINDS)
    print(f"{'':24}{'engine':>12}{'posts':>7}{'served':>8}{head}{'init, CPU s':>13}{'serve':>8}")
    for site in results:
        counts = "".join(f"{len(site.faults[kind]):>9}" for kind in KINDS)
        print(
            f"{site.name:24}{site.engine:>12}{site.posts:>7}{site.served:>8}{counts}"
            f"{site.init_cpu:>13.2f}{site.first_feed_cpu:>8.2f}"
        )
        for kind in KINDS:
            for url in site.faults[kind][:3]:
                print(f"    {kind}: {url}")
    sums = "".join(f"{sum(len(site.faults[kind]) for site in results):>9}" for kind in KINDS)
    posts, served = sum(site.posts for site in results), sum(site.served for site in results)
    print(f"{'sum':36}{posts:>7}{served:>8}{sums}")


def main() -> None:
    """Measure the sites of the folders in the arguments."""
    folders = [Path(argument) for argument in sys.argv[1:]] or [SITES]
    bundles = sorted(bundle for folder in folders for bundle in folder.glob("*.bundle"))
    print("sites: posts compared with the truth; CPU seconds to the first feed")
    if not bundles:
        print(f"no bundles in {', '.join(map(str, folders))}")
        return
    results = [measure(bundle) for bundle in bundles]
    report(results)
    slowest = max(site.init_cpu + site.first_feed_cpu for site in results)
    if not record_goal("init and first feed of a site", slowest, MAX_CPU_SECONDS, "CPU s"):
        raise SystemExit(f"init and the first feed took more than {MAX_CPU_SECONDS} s of CPU")


if __name__ == "__main__":
    main()
