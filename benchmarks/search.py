"""Measure the search: CPU time of indexing posts, and of searching the index.

An index of synthetic posts is filled as the service does, and searched for words that nearly every
post, one in a hundred and one in all contain, a phrase, and for several words. Each search includes
the posts of the first page in the order of feeds, and their excerpts. CPU time of this process.

Usage: python benchmarks/search.py [POSTS]
"""

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from syndicate.content.post_search import PostSearch
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.pagination import paginate
from syndicate.model.post import BlobId, CommitId, Post, PostId, Source
from syndicate.model.post import Path as PostPath
from syndicate.model.search import SearchTerms
from syndicate.search_index import SearchableText, SearchIndex

POSTS: Final = 200_000
WORDS: Final = 150
VOCABULARY: Final = 20_000
LIMIT_MS: Final = 100
REPEATS: Final = 7
START: Final = datetime(2000, 1, 1, tzinfo=UTC)
SOURCE: Final = Source(
    name="news",
    title="News",
    repository="news.git",
    folders=(PostPath("news"),),
    dialect="news-and-blog",
    site_url="https://www.example.gov",
    id_authority="www.example.gov",
    zone=ZoneInfo("UTC"),
)
SEARCHES: Final = {
    "nearly every post": "the",
    "one in a hundred": "century",
    "one post": "needle",
    "a phrase": '"12word 13word"',
    "three words": "the century 7wor",
    "no post": "nowhere",
}


def make_posts(count: int) -> list[Post]:
    """Return ``count`` posts, an hour apart."""
    posts = []
    for number in range(count):
        published = START + timedelta(hours=number)
        posts.append(
            Post(
                id=PostId(f"tag:www.example.gov,2000-01-01:{number:016x}"),
                source="news",
                path=PostPath(f"news/{number}.md"),
                blob=BlobId(f"{number:040x}"),
                url=f"https://www.example.gov/news/{number}",
                title=f"Notice {number} of the office",
                published=published,
                precision="second",
                updated=published,
                language="en",
                day=published.date(),
            )
        )
    return posts


def make_texts(posts: list[Post]) -> Iterator[SearchableText]:
    """Yield texts of words whose frequency falls with their number, as in languages."""
    chance = random.Random(7)  # noqa: S311 — the same texts in every run
    words = [f"{number:x}word" for number in range(VOCABULARY)]
    weights = [*accumulate(1 / (number + 10) for number in range(VOCABULARY))]
    for number, post in enumerate(posts):
        text = chance.choices(words, cum_weights=weights, k=WORDS)
        text += ["century"] if number % 100 == 0 else []
        text += ["needle"] if number == 12_345 % len(posts) else []
        yield SearchableText(post, " ".join(text))


def cpu_ms(started: float) -> float:
    """Return the CPU time of this process since ``started``, in milliseconds."""
    return (time.process_time() - started) * 1000


def search_once(search: PostSearch, edition: Edition, text: str) -> int:
    """Search as the first page does; return the number of posts that were found."""
    terms = SearchTerms.parse(text) or SearchTerms(text=text)
    posts = search.find(terms, edition, edition.posts).posts
    search.excerpts(terms, paginate(posts, after="", limit=20).posts)
    return len(posts)


def main(count: int) -> int:
    """Print the figures; return 1 if a search takes longer than `LIMIT_MS`."""
    posts = make_posts(count)
    snapshot = SourceSnapshot(
        source=SOURCE, commit=CommitId("0" * 40), committed=START, posts=tuple(posts)
    )
    edition = Edition.build([snapshot], at=datetime.now(UTC))
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as folder:
        index = SearchIndex(Path(folder))
        started = time.process_time()
        index.put(make_texts(posts))
        seconds = cpu_ms(started) / 1000
        size = sum(file.stat().st_size for file in Path(folder).glob("search-*.db"))
        print(f"{count:,} posts of {WORDS} words: indexed in {seconds:.1f} s of CPU time, "
              f"{size / 1e6:.0f} MB")  # fmt: skip
        search = PostSearch(index, lambda _posts, _edition: ())
        search.update(edition, lambda: True)
        print(f"{'searched for':<20}{'posts':>9}{'CPU ms':>9}{'wall ms':>9}")
        for name, text in SEARCHES.items():
            cpu, wall, found = [], [], 0
            for _ in range(REPEATS):
                started, clock = time.process_time(), time.perf_counter()
                found = search_once(search, edition, text)
                cpu.append(cpu_ms(started))
                wall.append((time.perf_counter() - clock) * 1000)
            slowest = max(slowest, median(cpu))
            print(f"{name:<20}{found:>9,}{median(cpu):>9.1f}{median(wall):>9.1f}")
        search.close()
    print(f"goal: {LIMIT_MS} ms; slowest {slowest:.0f} ms")
    return 0 if slowest <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS))
