"""Repositories with long histories, large folders and many pictures; always the same content."""

import random
import string
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_VOCABULARY_WORDS: Final = 2_000
_WORDS: Final = 300
"""Words of a post."""
_FIRST_COMMIT_AT: Final = 1_400_000_000
"""Time of the first commit in seconds since 1970; each further one is an hour later."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a generated repository holds; `write` makes it."""

    posts: int
    commits: int
    """Each adds one post while there are fewer; the others edit, move and replace posts."""
    is_flat: bool = False
    """Whether the first commit adds all posts to one folder, instead of folders by month."""
    picture_bytes: int = 0
    """Bytes of each picture; there is one for each post, which cannot be compressed."""

    def write(self, folder: Path) -> None:
        """Create the bare repository ``folder``, whose branch ``main`` has this shape."""
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
        with subprocess.Popen(
            ["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE
        ) as git:
            assert git.stdin is not None  # noqa: S101
            _Writer(git.stdin, self).write()
        if git.returncode:
            raise SystemExit("git fast-import failed")


class _Writer:
    """Writes the commits of one repository as a stream of ``git fast-import``."""

    def __init__(self, stream: IO[bytes], shape: Shape) -> None:
        self._stream = stream
        self._shape = shape
        self._random = random.Random(1)  # noqa: S311 — reproducible posts
        letters = string.ascii_lowercase
        self._vocabulary = [
            "".join(self._random.choices(letters, k=self._random.randint(2, 10)))
            for _ in range(_VOCABULARY_WORDS)
        ]
        self._paths: dict[int, str] = {}

    def write(self) -> None:
        """Write all commits."""
        shape = self._shape
        first = range(shape.posts if shape.is_flat else 1)
        self._commit(0, [*self._configuration(), *(line for n in first for line in self._add(n))])
        for number in range(1, shape.commits):
            if len(self._paths) < shape.posts:
                self._commit(number, [*self._add(len(self._paths))])
            else:
                self._commit(number, [*self._change(number)])

    def _commit(self, number: int, lines: list[bytes]) -> None:
        stamp = f"Ada Editor <ada@example.gov> {_FIRST_COMMIT_AT + 3600 * number} +0000"
        self._stream.write(f"commit refs/heads/main\ncommitter {stamp}\ndata 4\nEdit\n".encode())
        self._stream.writelines(lines)

    def _configuration(self) -> Iterator[bytes]:
        text = b"url: https://www.example.gov\npermalink: /:year/:month/:day/:title/\n"
        yield _file("_config.yml", text)

    def _add(self, number: int) -> Iterator[bytes]:
        day = _day(number)
        month = "" if self._shape.is_flat else f"{day[:4]}/{day[5:7]}/"
        self._paths[number] = f"_posts/{month}{day}-post-{number}.md"
        yield _file(self._paths[number], self._post(number))
        if self._shape.picture_bytes:
            picture = self._random.randbytes(self._shape.picture_bytes)
            yield _file(f"assets/{number}.png", picture)

    def _change(self, number: int) -> Iterator[bytes]:
        """Yield an edit of one post; every hundredth time, move it; every thousandth, replace it.

        A replaced post is deleted, and another one is added with most of its words.
        """
        post = self._random.randrange(self._shape.posts)
        path = self._paths[post]
        if number % 1000 == 0:
            yield b"D %s\n" % path.encode()
        elif number % 100 == 0:
            moved = path.replace(f"post-{post}", f"post-{post}-moved")
            yield b"R %s %s\n" % (path.encode(), moved.encode())
            self._paths[post] = moved
            return
        if number % 1000 == 0:
            path = self._paths[post] = path.replace(f"post-{post}", f"post-{post}-again")
        yield _file(path, self._post(post))

    def _post(self, number: int) -> bytes:
        words = self._random.choices(self._vocabulary, k=_WORDS)
        text = "\n\n".join(" ".join(words[start : start + 60]) for start in range(0, _WORDS, 60))
        return (
            f"---\nlayout: post\ntitle: Post {number} on {words[0]}\n"
            f"description: About {words[1]}\n"
            f"author: Ada Editor\ntags: [{words[2]}, topic-{number % 100}]\n"
            f"image: /assets/{number}.png\n---\n"
            f"{words[0].title()} **{words[1]}**, see [{words[2]}](https://www.example.gov/).\n\n"
            f"{text}\n\n- {words[3]}\n- {words[4]}\n"
        ).encode()


def _file(path: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


def _day(number: int) -> str:
    """Return the day of a post; eight posts share a day, from 1990 on."""
    days = number // 8
    year, day_of_year = 1990 + days // 336, days % 336
    return f"{year}-{day_of_year // 28 + 1:02}-{day_of_year % 28 + 1:02}"
