"""A file that exceeds a limit is a problem of that file only."""

import os
import resource

import pytest

from syndicate.content.source_index import SourceIndex
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.post import CommitId
from tests.content.conftest import file
from tests.content_repository import ContentRepository, Submodule, Symlink
from tests.cpu_time import cpu_seconds, prose_seconds

LIMIT = 1_048_576
"""Bytes of a post file, by default."""


def snapshot_at_head(index: SourceIndex, content: ContentRepository) -> SourceSnapshot:
    """Return the source as it is at the head of its branch."""
    return index.snapshot(CommitId(content.head()))


def errors(part: SourceSnapshot) -> list[Problem]:
    """Return the errors of the snapshot."""
    return [problem for problem in part.problems if problem.level == "error"]


def titles(part: SourceSnapshot) -> set[str]:
    """Return the titles of the posts of the snapshot."""
    return {post.title for post in part.posts}


def sized(title: str, size: int) -> str:
    """Return a post file of exactly ``size`` bytes."""
    head = f"---\ntitle: {title}\n---\n"
    return head + "word " * ((size - len(head)) // 5) + "x" * ((size - len(head)) % 5)


def test_file_at_the_limit_is_a_post_and_one_byte_more_is_a_problem(
    index: SourceIndex, content: ContentRepository
) -> None:
    """The message has size and limit; the other posts are served."""
    content.commit(
        {
            "news/full.md": sized("Full", LIMIT),
            "news/over.md": sized("Over", LIMIT + 1),
            "news/other.md": file("Other"),
        }
    )
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Full", "Other"}
    (problem,) = errors(part)
    assert (problem.path, problem.rule) == ("news/over.md", "over-limit")
    assert "1,048,577 bytes" in problem.message
    assert "at most 1,048,576" in problem.message


@pytest.mark.parametrize(
    "grown",
    [
        pytest.param(b"---\ntitle: A\n---\n" + b"x" * LIMIT, id="one-line"),
        pytest.param(b"\0" * (LIMIT + 1), id="null-bytes"),
        pytest.param(b"\n" * (LIMIT + 1), id="line-ends"),
        pytest.param(b"---\ntitle: A\n" + b"key: value\n" * 100_000, id="fence-never-closed"),
        pytest.param(b"\xff\xfe" * LIMIT, id="not-utf-8"),
    ],
)
def test_last_good_version_of_a_file_that_grew_too_large_stays(
    index: SourceIndex, content: ContentRepository, grown: bytes
) -> None:
    """The content of the large file is not read."""
    content.commit({"news/a.md": file("Good"), "news/b.md": file("Other")})
    content.commit({"news/a.md": grown})
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Good", "Other"}
    assert [(problem.path, problem.rule) for problem in errors(part)] == [
        ("news/a.md", "over-limit")
    ]


def test_old_version_that_is_too_large_does_not_count_for_updated(
    index: SourceIndex, content: ContentRepository
) -> None:
    """An unreadable version is skipped in the search for other words."""
    content.commit({"news/a.md": file("A", "Words.")})
    content.commit({"news/a.md": sized("A", LIMIT * 2)})
    content.commit({"news/a.md": file("A", "Words.")})
    part = snapshot_at_head(index, content)
    (post,) = part.posts
    assert post.updated == post.published
    assert not errors(part)


@pytest.mark.slow
def test_blob_of_200_mb_takes_no_memory(index: SourceIndex, content: ContentRepository) -> None:
    """The peak memory of the process stays low, for a current and for an old version."""
    content.commit({"news/a.md": file("A"), "news/b.md": file("B")})
    snapshot_at_head(index, content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large = content.path / "large"
    with large.open("wb") as written:
        written.truncate(200_000_000)
    blob = content.git("hash-object", "-w", str(large))
    content.git("update-index", "--add", "--cacheinfo", f"100644,{blob},news/a.md")
    content.git("commit", "-qm", "Grow")
    part = snapshot_at_head(index, content)
    content.git("commit", "-q", "--allow-empty", "-m", "Nothing")
    snapshot_at_head(index, content)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert titles(part) == {"A", "B"}
    assert "200,000,000 bytes" in errors(part)[0].message
    assert after - before < 50_000, "kilobytes"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        pytest.param("---\ntitle: A\nx: " + "y" * 65_536 + "\n---\n", "65,549 bytes", id="yaml"),
        pytest.param(
            '+++\ntitle = "A"\nx = "' + "y" * 65_536 + '"\n+++\n', "at most 65,536", id="toml"
        ),
        pytest.param('{"title": "A", "x": "' + "y" * 65_536 + '"}\n', "at most 65,536", id="json"),
        pytest.param(
            "---\ntitle: A\nx: " + "é" * 32_768 + "\n---\n", "at most 65,536", id="characters"
        ),
        pytest.param(
            "---\ntitle: A\nx: " + "[" * 40 + "]" * 40 + "\n---\n", "32 levels", id="yaml-deep"
        ),
        pytest.param(
            '+++\ntitle = "A"\nx = ' + "[" * 40 + "]" * 40 + "\n+++\n", "32 levels", id="toml-deep"
        ),
        pytest.param(
            '+++\ntitle = "A"\n' + ".".join("a" * 40) + " = 1\n+++\n", "32 levels", id="toml-dots"
        ),
        pytest.param(
            '{"title": "A", "x": ' + "[" * 40 + "]" * 40 + "}\n", "32 levels", id="json-deep"
        ),
        pytest.param(
            '{"title": "A", "x": ' + "[" * 30_000 + "]" * 30_000 + "}\n", "", id="json-very-deep"
        ),
        pytest.param(
            "---\ntitle: A\na0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
            + "---\n",
            "32 levels",
            id="yaml-aliases-deep",
        ),
        pytest.param(
            "---\ntitle: A\na0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
            + "---\n",
            "10,000 values",
            id="yaml-billion-laughs",
        ),
        pytest.param(
            "---\ntitle: A\na: &a {k: v}\n"
            + "".join(f"b{n}: &b{n} {{<<: *a, c: *a}}\n" for n in range(5_000))
            + "---\n",
            "",
            id="yaml-merges",
        ),
    ],
)
def test_front_matter_over_a_limit_is_one_problem(
    index: SourceIndex, content: ContentRepository, head: str, said: str
) -> None:
    """The last valid version is served, and the other posts stay."""
    content.commit({"news/a.md": file("Good"), "news/b.md": file("Other")})
    content.commit({"news/a.md": f"{head}Words.\n"})
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Good", "Other"}
    (problem,) = errors(part)
    assert problem.path == "news/a.md"
    assert said in problem.message
    assert problem.rule in ("over-limit", *(["front-matter"] if not said else []))


def test_hundred_categories_are_a_post_and_one_more_is_a_problem(
    index: SourceIndex, content: ContentRepository
) -> None:
    """The message has number and limit."""
    hundred = "[" + ", ".join(f"c{n}" for n in range(100)) + "]"
    more = "[" + ", ".join(f"c{n}" for n in range(101)) + "]"
    content.commit(
        {
            "news/a.md": file("Hundred", categories=hundred),
            "news/b.md": file("More", categories=more),
        }
    )
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Hundred"}
    (problem,) = errors(part)
    assert (problem.path, problem.rule) == ("news/b.md", "over-limit")
    assert "101 categories" in problem.message
    assert "at most 100" in problem.message


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[" * 1_000_000, id="brackets"),
        pytest.param("](" * 500_000, id="link-targets"),
        pytest.param("{%" * 500_000, id="tags"),
        pytest.param("{{" * 500_000, id="expressions"),
        pytest.param("<" * 1_000_000, id="angles"),
        pytest.param("\n" * 1_000_000, id="line-ends"),
        pytest.param("x" * 1_000_000, id="one-word"),
        pytest.param("\0" * 1_000_000, id="null-bytes"),
        pytest.param("- " * 500_000, id="lists"),
        pytest.param("&" * 1_000_000, id="ampersands"),
        pytest.param("---\n" * 250_000, id="rules"),
    ],
)
@pytest.mark.unmeasured
def test_pathological_megabyte_is_parsed_in_linear_time(
    index: SourceIndex, content: ContentRepository, body: str
) -> None:
    """A quadratic search would take minutes."""
    content.commit({"news/a.md": file("Strange", body), "news/b.md": file("Other")})
    assert cpu_seconds(lambda: snapshot_at_head(index, content)) < 200 * prose_seconds()
    assert titles(snapshot_at_head(index, content)) == {"Strange", "Other"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n" * 1_000_000, id="line-ends-only"),
        pytest.param("---\n" + "a: b\n" * 200_000, id="fence-never-closed"),
        pytest.param("+++\n" + "a = 1\n" * 160_000, id="toml-fence-never-closed"),
        pytest.param('{"a": "' + "x" * 1_000_000, id="json-never-closed"),
        pytest.param('{"a": ' + "[" * 1_000_000, id="json-brackets"),
        pytest.param("title: A\n" * 100_000, id="no-fence"),
    ],
)
def test_pathological_megabyte_without_front_matter_is_not_a_post(
    index: SourceIndex, content: ContentRepository, text: str
) -> None:
    """The file is read in linear time, and the other file is a post."""
    content.commit({"news/a.md": text, "news/b.md": file("Other")})
    assert cpu_seconds(lambda: snapshot_at_head(index, content)) < 200 * prose_seconds()
    assert titles(snapshot_at_head(index, content)) == {"Other"}


def test_symlinks_submodules_lfs_pointers_and_odd_names_are_harmless(
    index: SourceIndex, content: ContentRepository
) -> None:
    """Symlinks are not followed, and a pointer of Git LFS is not a post."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 200000000\n"
    content.commit(
        {
            "news/a.md": file("Good"),
            "news/link.md": Symlink("/dev/zero"),
            "news/module.md": Submodule("1" * 40),
            "news/pointer.md": pointer,
            os.fsdecode(b"news/\xff\xfe.md"): file("Odd"),
            os.fsdecode(b"news/large-\xff.md"): sized("Large", LIMIT + 1),
        }
    )
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Good", "Odd"}
    (problem,) = errors(part)
    assert "news/large-\ufffd.md has 1,048,577 bytes" in problem.message


@pytest.mark.slow
def test_thousands_of_small_files_are_read(index: SourceIndex, content: ContentRepository) -> None:
    """Memory stays low, and one large file among them does no harm."""
    files = {f"news/{n}.md": f"---\ntitle: T{n}\n---\n{n}\n" for n in range(4_000)}
    content.commit({**files, "news/large.md": sized("Large", LIMIT + 1)})
    part = snapshot_at_head(index, content)
    assert len(part.posts) == 4_000
    assert [problem.rule for problem in errors(part)] == ["over-limit"]
