"""Public sites with their truth: URLs, days and titles out of `sites`, compared post by post.

`python -m tests.sites.real_sites` prints the figures of every bundle in the folder of sites.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from syndicate.data_files import read_front_matter
from syndicate.dialects.front_matter.dates import parse_date
from syndicate.errors import ContentError
from syndicate.model.post import MARKDOWN_EXTENSIONS
from syndicate.sites import ENGINES, find_sites
from syndicate.sites.configuration_reader import DATE_KEYS
from syndicate.sites.site import Page, Site, is_dated_name
from syndicate.sites.values import flag, text

SITES = Path(os.environ.get("SYNDICATE_SITES") or Path(__file__).parents[2] / "../shared/sites")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


class GitFiles:
    """The files of one commit, by the git command."""

    def __init__(self, repository: Path, commit: str = "HEAD") -> None:
        self._git = ("git", "-C", str(repository))
        self._commit = commit
        listed = self._run("ls-tree", "-r", "-z", "--name-only", commit)
        self.paths = sorted(listed.decode().split("\0")[:-1])

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run((*self._git, *arguments), input=stdin, stdout=-1, check=True)
        return done.stdout

    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return what the files at ``paths`` hold."""
        wanted = list(paths)
        asked = "".join(f"{self._commit}:{path}\n" for path in wanted).encode()
        raw, found, at = self._run("cat-file", "--batch", stdin=asked), {}, 0
        for path in wanted:
            end = raw.index(b"\n", at)
            header = raw[at:end].split()
            at = end + 1
            if header[-1] != b"missing":
                size = int(header[2])
                found[path] = raw[at : at + size]
                at += size + 1
        return found


@dataclass(kw_only=True)
class Figures:
    """How many posts of a site came out wrong, and which."""

    site: str
    posts: int
    served: int
    faults: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, what: str) -> None:
        """Add one fault."""
        self.faults.setdefault(kind, []).append(what)

    def count(self, kind: str) -> int:
        """Return how many faults of ``kind`` there are."""
        return len(self.faults.get(kind, ()))


def measure(bundle: Path, folder: Path) -> Figures:
    """Return the figures of one site, whose bundle is cloned into ``folder``."""
    repository = folder / f"{bundle.stem}.git"
    command = ("git", "clone", "-q", "--bare", str(bundle), str(repository))
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    truth = json.loads(bundle.with_suffix(".json").read_text())
    files = GitFiles(repository)
    served = dict(_posts(files, truth["site_url"]))
    figures = Figures(site=bundle.stem, posts=len(truth["posts"]), served=len(served))
    for post in truth["posts"]:
        found = served.pop(post["path"], None)
        if found is None:
            if not post.get("optional"):
                figures.add("absent", post["path"])
            continue
        url, day, title = found
        if _place(url) not in {_place(right) for right in (post["url"], *post.get("also", ()))}:
            figures.add("url", f"{post['url']} was {url}")
        if post["day"] and day != post["day"] and not post.get("optional"):
            figures.add("day", f"{post['path']}: {post['day']} was {day}")
        if post["title"] and _words(title) != _words(post["title"]):
            figures.add("title", f"{post['title']} was {title}")
    for path, (url, _, _) in served.items():
        figures.add("extra", f"{path} {url}")
    return figures


def _posts(files: GitFiles, site_url: str) -> Iterable[tuple[str, tuple[str, str, str]]]:
    for site in find_sites(files)[:1]:
        inside = [path for path in files.paths if site.folder_of(path) and _is_page(path)]
        for path, data in files.read(inside).items():
            found = _post(path, data, site, site_url)
            if found:
                yield path, found


def _post(path: str, data: bytes, site: Site, site_url: str) -> tuple[str, str, str] | None:
    engine = ENGINES[site.engine]
    try:
        own = read_front_matter(path, data)
    except ContentError:
        return None
    if not own:
        return None
    meta = {key: value for key, (value, _) in engine.defaults(path, own, site).items()} | dict(own)
    at = _published(path, meta, ZoneInfo(site.timezone.value or "UTC"))
    page = Page(path=path, meta=meta, published=at)
    if engine.hides(page, site) or flag(meta.get("draft")) or flag(meta.get("published")) is False:
        return None
    url = engine.url(page, site).value
    if url.startswith("/"):
        url = site_url + url
    title = text(meta.get("title")) or next(
        (text(value) for key, value in meta.items() if key.lower().endswith("title")), ""
    )
    zone = ZoneInfo(site.timezone.value or "UTC")
    at = at if at is None or engine.name in ("hugo", "next") else at.astimezone(zone)
    return url, at.date().isoformat() if at else "", title


def _published(path: str, meta: Mapping[str, object], zone: ZoneInfo) -> datetime | None:
    """Return when a post was published, in the offset that was written, else in ``zone``."""
    name = path.rpartition("/")[2] if is_dated_name(path.rpartition("/")[2]) else path
    day = _DAY.search(name)
    for value in (*(text(meta.get(key)) for key in DATE_KEYS), day[0] if day else ""):
        found = parse_date(value, zone)
        if found:
            return found.as_written or found.instant
    return None


def _is_page(path: str) -> bool:
    return path.lower().endswith((*MARKDOWN_EXTENSIONS, ".html"))


def _place(url: str) -> str:
    parts = urlsplit(url)
    return (parts.hostname or "") + unquote(parts.path)


def _words(title: str) -> list[str]:
    return re.findall(
        r"\w+",
        re.sub(r"&#\d+;", " ", title.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).lower(),
    )


def main() -> None:
    """Write the figures of the bundles that are named, else of all of them."""
    kinds = ("url", "absent", "extra", "day", "title")
    named = sys.argv[1:]
    lines = [f"{'site':20} posts " + " ".join(f"{kind:>6}" for kind in kinds)]
    with TemporaryDirectory() as folder:
        for bundle in sorted(SITES.glob("*.bundle")):
            if named and bundle.stem not in named:
                continue
            figures = measure(bundle, Path(folder))
            counts = " ".join(f"{figures.count(kind):6}" for kind in kinds)
            lines.append(f"{figures.site:20} {figures.posts:5} {counts}")
            for kind, faults in figures.faults.items():
                lines += (f"    {kind}: {fault}" for fault in faults)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
