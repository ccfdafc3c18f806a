"""Reading an untrusted repository runs nothing and is not affected by configuration."""

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


def read_everything(repository: Repository) -> Everything:
    """Return the results of every way to read."""
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
    """Write a program that creates a file ``sprung`` beside itself when it runs."""
    script = tmp_path / "trap" / "trap"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ntouch "{script.parent}/sprung"\nexit 1\n')
    script.chmod(0o755)
    return script


def fsmonitor(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that watches the working tree."""
    content.git("config", "core.fsmonitor", str(trap))
    return ["status"]


def hooks(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that runs whenever a ref is updated."""
    (content.path / "hooks").mkdir()
    (content.path / "hooks" / "reference-transaction").symlink_to(trap)
    content.git("config", "core.hooksPath", "hooks")
    return ["update-ref", "refs/heads/other", "HEAD"]


def signature(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that checks the signatures of commits."""
    content.git("config", "gpg.program", str(trap))
    content.git("config", "log.showSignature", "true")
    about, _, message = content.git("cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{about}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    text = f"{signed}\n\n{message}\n".encode()
    name = content.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text)
    content.git("update-ref", "HEAD", name)
    return ["log", "-1"]


def textconv(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that converts files to text before comparing."""
    content.git("config", "diff.trap.textconv", str(trap))
    return ["log", "-p"]


def external_diff(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that compares files."""
    content.git("config", "diff.external", str(trap))
    return ["diff", "HEAD~1", "HEAD"]


def filters(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program that filters files on checkout."""
    content.git("config", "filter.trap.smudge", str(trap))
    (content.path / "posts" / "b.md").unlink()
    return ["checkout", "--", "posts/b.md"]


def pager(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a program as an alias and as the pager."""
    content.git("config", "core.pager", str(trap))
    content.git("config", "alias.trap", f"!{trap}")
    return ["trap"]


def promisor(content: ContentRepository, trap: pathlib.Path) -> list[str]:
    """Configure a promisor remote scope URL is a command."""
    content.git("config", "core.repositoryFormatVersion", "1")
    content.git("config", "extensions.partialClone", "origin")
    content.git("config", "remote.origin.promisor", "true")
    content.git("config", "remote.origin.url", f"ext::{trap}")
    content.git("config", "protocol.ext.allow", "always")
    return ["cat-file", "-t", "1" * 40]


TRAPS: Final = (fsmonitor, hooks, signature, textconv, external_diff, filters, pager, promisor)


@pytest.mark.parametrize("setting", TRAPS)
def test_no_configured_program_is_run(
    filled: ContentRepository,
    trap: pathlib.Path,
    tmp_path: pathlib.Path,
    setting: Callable[[ContentRepository, pathlib.Path], list[str]],
) -> None:
    """Each program would run for a user working in the repository."""
    spring = setting(filled, trap)
    sprung = trap.parent / "sprung"
    sprung.unlink(missing_ok=True)
    with Repository.open(str(filled.path), ref="main", mirrors=tmp_path / "var") as repository:
        read_everything(repository)
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


CONFIGURATIONS: Final = """
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


@pytest.mark.parametrize("scope", ["repository", "user", "system"])
def test_configuration_does_not_change_what_is_read(
    filled: ContentRepository,
    repository: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    scope: str,
) -> None:
    """Neither that of the repository, nor of the user, nor of the system."""
    expected = read_everything(repository)
    file = filled.path / ".git" / "config" if scope == "repository" else tmp_path / "gitconfig"
    with file.open("a") as configuration:
        configuration.write(CONFIGURATIONS)
    if scope != "repository":
        monkeypatch.setenv(f"GIT_CONFIG_{'GLOBAL' if scope == 'user' else 'SYSTEM'}", str(file))
    (filled.path / ".git" / "info" / "attributes").write_text("*.md binary -diff\n")
    (filled.path / ".gitattributes").write_text("*.md binary -diff\n")
    with Repository.open(str(filled.path), ref="main", mirrors=tmp_path / "new") as again:
        assert read_everything(again) == expected
    assert [change.kind for change in expected[3][-1].changes] == ["renamed"]


def test_replacements_and_grafts_are_ignored(
    filled: ContentRepository, repository: Repository
) -> None:
    """The content of a commit is what its id covers."""
    expected = read_everything(repository)
    filled.git("replace", f"{expected[0]}:posts/b.md", f"{expected[0]}:posts/c.md")
    filled.git("replace", "main", "main~2")
    (filled.path / ".git" / "info" / "grafts").write_text(f"{expected[0]}\n")
    repository.close()
    assert read_everything(repository) == expected
    assert filled.git("rev-list", "--count", "main") == "1"


def test_environment_of_a_hook_is_not_inherited(
    filled: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service started by a hook of another repository reads the configured one."""
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
        assert read_everything(repository)[0] == filled.head()
    with Repository.open(f"file://{filled.path}", ref="main", mirrors=tmp_path / "var") as mirrored:
        assert mirrored.fetch()
        assert mirrored.head() == filled.head()


def test_content_repository_is_not_modified(
    filled: ContentRepository, repository: Repository
) -> None:
    """Reading changes no file of it, and no working tree."""

    def fingerprint() -> dict[str, str]:
        files = (file for file in filled.path.rglob("*") if file.is_file())
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    (filled.path / "posts" / "b.md").write_text("not committed")
    (filled.path / "posts" / "new.md").write_text("not committed")
    before = fingerprint()
    read = read_everything(repository)
    assert fingerprint() == before
    assert b"not committed" not in read[4].values()


@pytest.mark.parametrize("option", ["--output=pwned", "-opwned", "--help", "-", "--"])
def test_arguments_are_never_parsed_as_options(
    filled: ContentRepository,
    repository: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
) -> None:
    """A value that looks like an option is a commit, folder or revision that does not exist."""
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


def test_file_names_that_look_like_options_are_read(
    content: ContentRepository, repository: Repository
) -> None:
    """Names may begin with a dash and contain characters of patterns."""
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
def test_only_https_ssh_and_file_are_allowed(tmp_path: pathlib.Path, address: str) -> None:
    """Other protocols are refused before git runs, and the error lists the allowed ones."""
    with pytest.raises(RepositoryError, match="protocol") as caught:
        Repository.open(address, ref="main", mirrors=tmp_path)
    assert caught.value.code == "refused-protocol"
    assert caught.value.choices == ("https", "ssh", "file")


def test_url_rewrite_cannot_change_the_protocol(
    filled: ContentRepository,
    tmp_path: pathlib.Path,
    trap: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user configuration that rewrites a URL to a command runs nothing."""
    gitconfig = tmp_path / "gitconfig"
    gitconfig.write_text(
        f'[url "ext::{trap} "]\n insteadOf = https://example.gov/\n'
        '[protocol "ext"]\n allow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(gitconfig))
    address = "https://example.gov/x"
    with pytest.raises(RepositoryError, match="not allowed") as caught:
        Repository.open(address, ref="main", mirrors=tmp_path / "var").fetch()
    assert caught.value.code == "refused-protocol"
    assert not (trap.parent / "sprung").exists()
    subprocess.run(
        ["git", "ls-remote", address],
        env=git_environment({"GIT_CONFIG_GLOBAL": str(gitconfig)}),
        cwd=filled.path,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (trap.parent / "sprung").exists()


def test_repository_in_the_current_folder_is_ignored_when_fetching(
    filled: ContentRepository,
    tmp_path: pathlib.Path,
    trap: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its configuration is not the user's."""
    filled.git("config", "core.sshCommand", str(trap))
    filled.git("config", "url.ssh://trap/.insteadOf", "file://")
    monkeypatch.chdir(filled.path)
    with Repository.open(f"file://{filled.path}", ref="main", mirrors=tmp_path / "var") as mirrored:
        assert mirrored.fetch()
        assert read_everything(mirrored)[0] == filled.head()
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
