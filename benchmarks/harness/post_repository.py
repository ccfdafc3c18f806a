"""Repositories of generated posts, and commits to them."""

import random
import string
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

TOPICS = 100

NEXT_REF = "refs/heads/next"
"""Where a commit is prepared, so that the branch moves by one rename at a known time."""


class PostRepository:
    """A bare git repository of posts, in folders by year; always the same content.

    Each post has one of three tags, and one of `TOPICS` more, ``topic-0`` and so on.
    """

    def __init__(self, folder: Path, posts: int, *, words: int = 300) -> None:
        self.folder = folder
        self.posts = posts
        self._words = words
        self._random = random_source = random.Random(1)  # noqa: S311 — reproducible posts
        self._vocabulary = [
            "".join(random_source.choices(string.ascii_lowercase, k=random_source.randint(2, 10)))
            for _ in range(2_000)
        ]
        self._commits = 0
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
        self.commit(range(posts))

    def commit(self, numbers: Sequence[int]) -> float:
        """Rewrite the posts ``numbers``; return when the branch moved (``perf_counter``)."""
        self._commits += 1
        stamp = f"Ada Editor <ada@example.gov> {1_700_000_000 + self._commits} +0000"
        parent = "from refs/heads/main^0\n" if self._commits > 1 else ""
        head = f"commit {NEXT_REF}\ncommitter {stamp}\ndata 4\nEdit\n{parent}"
        with subprocess.Popen(
            ["git", "-C", str(self.folder), "fast-import", "--quiet", "--force"],
            stdin=subprocess.PIPE,
        ) as git:
            assert git.stdin is not None  # noqa: S101
            git.stdin.write(head.encode())
            for number in numbers:
                text = self._post(number).encode()
                git.stdin.write(f"M 100644 inline {path_of(number)}\ndata {len(text)}\n".encode())
                git.stdin.write(text + b"\n")
        committed = time.perf_counter()
        (self.folder / NEXT_REF).replace(self.folder / "refs" / "heads" / "main")
        return committed

    def commit_newest(self, number: int) -> float:
        """Rewrite one of the 40 newest posts, in turn; return when the branch moved."""
        return self.commit([self.posts - 1 - number % 40])

    def _post(self, number: int) -> str:
        words = self._random.choices(self._vocabulary, k=self._words)
        paragraphs = "\n\n".join(
            " ".join(words[start : start + 60]) for start in range(0, len(words), 60)
        )
        tags = f"{('Technology', 'TTS', 'Design')[number % 3]}, Topic {number % TOPICS}"
        return (
            f"---\ntitle: Post {number}\ndate: {_day(number)}T12:00:00Z\ntags: [{tags}]\n---\n"
            f"{words[0].title()} **{words[1]}**, see [{words[2]}](https://www.example.gov/).\n\n"
            f"{paragraphs}\n\n- {words[3]}\n- {words[4]}\n"
        )


def path_of(number: int) -> str:
    """Return the path of a post by its number; the highest number is the newest."""
    day = _day(number)
    return f"posts/{day[:4]}/{day}-post-{number}.md"


def _day(number: int) -> str:
    """Return the day of a post; eight posts share a day, from 1980 on."""
    days = number // 8
    year, day_of_year = 1980 + days // 336, days % 336
    return f"{year}-{day_of_year // 28 + 1:02}-{day_of_year % 28 + 1:02}"
