"""A content repository may hold any trap; reading it springs none and reads the same as without."""

import hashlib
import pathlib
import subprocess
from collections.abc import Callable
from typing import Final

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Commit, CommitDelta, Repository, TreeEntry
from syndicate.model.post import BlobId, CommitId, Path
from tests.content_repository import ContentRepository, Symlink, git_environment

LINES: Final = "".join(f"line {number}\n" for number in range(30))

Everything = tuple[
    CommitId, tuple[TreeEntry, ...], CommitDelta | None, list[Commit], dict[BlobId, bytes]
]


def everything(repository: Repository) -> Everything:
    """Use every way to read, and return what was read."""
    head = repository.head()
    first = repository.resolve("HEAD~2")
    assert repository.commit_time(head) > repository.commit_time(first)
    assert repository.find_blob(head, Path("posts/b.md"))
    assert not repository.is_shallow
    repository.fingerprint()
    repository.fetch()
    entries = repository.list_files(head, [Path("posts")])
    return (
        head,
        entries,
        repository.commits_since(head, first),
        list(repository.history(head)),
        dict(repository.read(entry.blob for entry in entries)),
    )


@pytest.fixture
def filled(content: ContentRepository) -> ContentRepository:
    """Fill the content repository with an edit, a rename and attributes."""
    content.commit({"posts/a.md": LINES, "posts/c.md": "c"})
    content.commit({"posts/c.md": "changed", ".gitattributes": "*.md filter=trap diff=trap\n"})
    content.commit({"posts/b.md": LINES + "more\n"}, moves={"posts/a.md": "posts/b.md"})
    return content


@pytest.fixture
def trap(tmp_path: pathlib.Path) -> pathlib.Path:
    """Write a program that leaves a file ``sprung`` beside itself when it is run."""
    script = tmp_path / "trap" / "trap"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ntouch "{script.parent}/sprung"\nexit 1\n')
    script.chmod(0o755)
    return script


def fsmonitor(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Watch the working tree by a program."""
    content.git("config", "core.fsmonitor", str(trap))
    return ["status"]


def hooks(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Run a program whenever a ref is touched."""
    (content.path / "hooks").mkdir()
    (content.path / "hooks" / "reference-transaction").symlink_to(trap)
    content.git("config", "core.hooksPath", "hooks")
    return ["update-ref", "refs/heads/other", "HEAD"]


def signature(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Have signatures of commits checked by a program."""
    content.git("config", "gpg.program", str(trap))
    content.git("config", "log.showSignature", "true")
    about, _, message = content.git("cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{about}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    text = f"{signed}\n\n{message}\n".encode()
    name = content.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text)
    content.git("update-ref", "HEAD", name)
    return ["log", "-1"]


def textconv(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Turn files into text by a program before they are compared."""
    content.git("config", "diff.trap.textconv", str(trap))
    return ["log", "-p"]


def external_diff(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Compare files by a program."""
    content.git("config", "diff.external", str(trap))
    return ["diff", "HEAD~1", "HEAD"]


def filters(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Filter files by a program when they are written to the working tree."""
    content.git("config", "filter.trap.smudge", str(trap))
    (content.path / "posts" / "b.md").unlink()
    return ["checkout", "--", "posts/b.md"]


def pager(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Call a program by the name of a command that git has not."""
    content.git("config", "core.pager", str(trap))
    content.git("config", "alias.trap", f"!{trap}")
    return ["trap"]


def promisor(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Promise that missing objects are found at an address that is a command."""
    content.git("config", "core.repositoryFormatVersion", "1")
    content.git("config", "extensions.partialClone", "origin")
    content.git("config", "remote.origin.promisor", "true")
    content.git("config", "remote.origin.url", f"ext::{trap}")
    content.git("config", "protocol.ext.allow", "always")
    return ["cat-file", "-t", "1" * 40]


TRAPS: Final = (fsmonitor, hooks, signature, textconv, external_diff, filters, pager, promisor)


@pytest.mark.parametrize("setting", TRAPS)
def test_no_program_that_a_repository_names_is_run(
    filled: ContentRepository,
    trap: pathlib.Path,
    tmp_path: pathlib.Path,
    setting: Callable[[ContentRepository, pathlib.Path], list[str]],
) -> None:
    """Each trap would spring for somebody who works in the repository; reading it does not."""
    spring = setting(filled, trap)
    sprung = trap.parent / "sprung"
    sprung.unlink(missing_ok=True)
    with Repository.open(str(filled.path), ref="main", mirrors=tmp_path / "var") as repository:
        everything(repository)
        with pytest.raises(RepositoryError, match="1111"):
            list(repository.read([BlobId("1" * 40)]))
    assert not sprung.exists()
    subprocess.run(
        ["git", *spring],
        cwd=filled.path,
        env=git_environment(),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert sprung.exists()


TASTES: Final = """
[diff]
    renames = false
    renameLimit = 1
    orderFile = order
    noprefix = true
    ignoreSubmodules = all
[log]
    date = iso
    follow = true
    abbrevCommit = true
    decorate = full
    showRoot = false
    diffMerges = off
    excludeDecoration = *
[core]
    quotePath = true
    abbrev = 5
    attributesFile = attributes
    ignoreCase = true
    precomposeUnicode = true
[format]
    pretty = oneline
[i18n]
    logOutputEncoding = UTF-16
[color]
    ui = always
[column]
    ui = always
"""


@pytest.mark.parametrize("whose", ["repository", "user", "system"])
def test_nobodys_taste_changes_what_is_read(
    filled: ContentRepository,
    repository: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
) -> None:
    """The same commits read the same whatever the repository, its user or the system configures."""
    expected = everything(repository)
    file = filled.path / ".git" / "config" if whose == "repository" else tmp_path / "taste"
    with file.open("a") as configuration:
        configuration.write(TASTES)
    if whose != "repository":
        monkeypatch.setenv(f"GIT_CONFIG_{'GLOBAL' if whose == 'user' else 'SYSTEM'}", str(file))
    (filled.path / ".git" / "info" / "attributes").write_text("*.md binary -diff\n")
    (filled.path / ".gitattributes").write_text("*.md binary -diff\n")
    with Repository.open(str(filled.path), ref="main", mirrors=tmp_path / "new") as again:
        assert everything(again) == expected
    assert [change.kind for change in expected[3][-1].changes] == ["renamed"]


def test_neither_replacements_nor_grafts_count(
    filled: ContentRepository, repository: Repository
) -> None:
    """What a commit holds is what its id says, not what a ref beside it claims."""
    expected = everything(repository)
    filled.git("replace", f"{expected[0]}:posts/b.md", f"{expected[0]}:posts/c.md")
    filled.git("replace", "main", "main~2")
    (filled.path / ".git" / "info" / "grafts").write_text(f"{expected[0]}\n")
    repository.close()
    assert everything(repository) == expected
    assert filled.git("rev-list", "--count", "main") == "1"


def test_the_environment_of_a_hook_is_not_taken_along(
    filled: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by a hook of another repository, the service still reads the one it is told to."""
    other = ContentRepository.create(tmp_path / "other", bare=True)
    other.commit({"x": "y"})
    for name, value in {
        "GIT_DIR": str(other.path),
        "GIT_WORK_TREE": str(tmp_path),
        "GIT_INDEX_FILE": "nowhere",
        "GIT_OBJECT_DIRECTORY": str(other.path / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "nowhere",
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_TRACE": "1",
        "GIT_CONFIG_PARAMETERS": "'diff.renames'='false'",
        "GIT_DEFAULT_HASH": "sha256",
    }.items():
        monkeypatch.setenv(name, value)
    with Repository.open(str(filled.path), ref="main", mirrors=tmp_path / "var") as repository:
        assert everything(repository)[0] == filled.head()
    with Repository.open(f"file://{filled.path}", ref="main", mirrors=tmp_path / "var") as mirrored:
        assert mirrored.fetch()
        assert mirrored.head() == filled.head()


def test_nothing_is_written_into_a_content_repository(
    filled: ContentRepository, repository: Repository
) -> None:
    """Reading leaves every file of the repository as it was, and touches no working tree."""

    def fingerprint() -> dict[str, str]:
        files = (file for file in filled.path.rglob("*") if file.is_file())
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    (filled.path / "posts" / "b.md").write_text("not committed")
    (filled.path / "posts" / "new.md").write_text("not committed")
    before = fingerprint()
    read = everything(repository)
    assert fingerprint() == before
    assert b"not committed" not in read[4].values()


@pytest.mark.parametrize("option", ["--output=pwned", "-opwned", "--help", "-", "--"])
def test_nothing_becomes_an_option(
    filled: ContentRepository,
    repository: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
) -> None:
    """Whatever looks like an option is a commit, folder or revision that is not there."""
    monkeypatch.chdir(tmp_path)
    head, odd = repository.head(), CommitId(option)
    assert repository.list_files(head, [Path(option)]) == ()
    assert repository.find_blob(head, Path(option)) is None
    for refused in (
        lambda: repository.list_files(odd, [Path(".")]),
        lambda: repository.find_blob(odd, Path("a")),
        lambda: list(repository.history(odd)),
        lambda: repository.commits_since(odd, head),
        lambda: repository.commit_time(odd),
        lambda: repository.resolve(option),
        lambda: Repository.open(str(filled.path), ref=option, mirrors=tmp_path),
    ):
        with pytest.raises(RepositoryError):
            refused()
    assert repository.commits_since(head, odd) is None
    assert not list(tmp_path.glob("pwned*"))


def test_a_file_name_that_looks_like_an_option_is_a_file_name(
    content: ContentRepository, repository: Repository
) -> None:
    """Files and folders may begin with a dash, and hold what means something in patterns."""
    names = ("--output=x/a.md", "-z/b.md", ":(glob)/*.md", ":!x/c.md", "*/d.md", "[a]/e.md")
    head = CommitId(content.commit({name: name for name in names} | {"a/f.md": Symlink("..")}))
    for name in names:
        folder = Path(name.partition("/")[0])
        (entry,) = repository.list_files(head, [folder])
        assert (entry.path, repository.find_blob(head, entry.path)) == (name, entry.blob)
    assert len(next(repository.history(head)).changes) == len(names)


@pytest.mark.parametrize(
    "address",
    ["ext::sh -c touch% pwned", "http://example.gov/x.git", "git://x/y", "fd::3", "ftp://x"],
)
def test_only_https_ssh_and_file_are_fetched_from(tmp_path: pathlib.Path, address: str) -> None:
    """Another protocol is refused before git hears of it, and the known ones are named."""
    with pytest.raises(RepositoryError, match="protocol") as caught:
        Repository.open(address, ref="main", mirrors=tmp_path)
    assert caught.value.code == "refused-protocol"
    assert caught.value.choices == ("https", "ssh", "file")


def test_a_user_cannot_be_talked_into_another_protocol(
    filled: ContentRepository,
    tmp_path: pathlib.Path,
    trap: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even where the user's own settings rewrite an address to a command, none is run."""
    taste = tmp_path / "taste"
    taste.write_text(
        f'[url "ext::{trap} "]\n insteadOf = https://example.gov/\n'
        '[protocol "ext"]\n allow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(taste))
    address = "https://example.gov/x"
    with pytest.raises(RepositoryError, match="not allowed") as caught:
        Repository.open(address, ref="main", mirrors=tmp_path / "var").fetch()
    assert caught.value.code == "refused-protocol"
    assert not (trap.parent / "sprung").exists()
    subprocess.run(
        ["git", "ls-remote", address],
        env=git_environment({"GIT_CONFIG_GLOBAL": str(taste)}),
        cwd=filled.path,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (trap.parent / "sprung").exists()


def test_a_repository_that_one_stands_in_does_not_count_when_fetching(
    filled: ContentRepository,
    tmp_path: pathlib.Path,
    trap: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The configuration of the folder the service was started in is not the user's."""
    filled.git("config", "core.sshCommand", str(trap))
    filled.git("config", "url.ssh://trap/.insteadOf", "file://")
    monkeypatch.chdir(filled.path)
    with Repository.open(f"file://{filled.path}", ref="main", mirrors=tmp_path / "var") as mirrored:
        assert mirrored.fetch()
        assert everything(mirrored)[0] == filled.head()
    assert not (trap.parent / "sprung").exists()
    subprocess.run(
        ["git", "ls-remote", f"file://{filled.path}"],
        cwd=filled.path,
        env=git_environment({"GIT_SSH_VARIANT": "ssh"}),
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (trap.parent / "sprung").exists()
