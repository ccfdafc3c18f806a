"""Commits that must be signed, with real keys of ssh and OpenPGP."""

import os
import pathlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository, SignatureVerifier, signatures
from tests.content_repository import ContentRepository, git_environment
from tests.project_documents import find_program


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody with a key: the options of git that sign with it, and the file of public keys."""

    options: tuple[str, ...]
    signers: pathlib.Path
    environment: dict[str, str]


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    """Return the output of a command."""
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


def ssh_signer(folder: pathlib.Path, name: str) -> Signer:
    """Create an ssh key and a file of allowed signers with it."""
    key = folder / name
    run(find_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key))
    signers = folder / f"{name}.signers"
    signers.write_text(f"{name}@example.gov {key.with_suffix('.pub').read_text()}")
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    return Signer(options, signers, {})


def openpgp_signer(folder: pathlib.Path, name: str) -> Signer:
    """Create an OpenPGP key and a file with its public part."""
    gpg, home = find_program("gpg"), folder / f"{name}.home"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    address = f"{name}@example.gov"
    generate = ("--passphrase", "", "--quick-generate-key", address, "ed25519", "sign", "never")
    run(gpg, "--batch", "--quiet", *generate, environment=environment)
    signers = folder / f"{name}.asc"
    signers.write_text(run(gpg, "--armor", "--export", address, environment=environment))
    return Signer(("-c", f"user.signingkey={address}"), signers, {"GNUPGHOME": str(home)})


@pytest.fixture(params=[ssh_signer, openpgp_signer], ids=["ssh", "openpgp"])
def signer(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Signer]:
    """Return somebody who may sign; an agent that was started ends."""
    made: Signer = request.param(tmp_path, "editor")
    yield made
    if home := made.environment.get("GNUPGHOME"):
        run(find_program("gpgconf"), "--homedir", home, "--kill", "all")


def sign(content: ContentRepository, signer: Signer, text: str) -> str:
    """Commit a file, signed; return the commit."""
    (content.path / "a.md").write_text(text)
    environment = git_environment(signer.environment)
    git = ("git", "-C", str(content.path), *signer.options)
    run(*git, "add", "a.md", environment=environment)
    run(*git, "commit", "--quiet", "-S", "-m", "Signed", environment=environment)
    return content.head()


@contextmanager
def opened(
    content: ContentRepository, signers: pathlib.Path, folder: pathlib.Path
) -> Iterator[Repository]:
    """Open a repository whose commits must be signed."""
    with Repository.open(
        str(content.path),
        ref="main",
        mirrors=folder / "var",
        source_name="news",
        verifier=SignatureVerifier(signers, "source news"),
    ) as repository:
        yield repository


def error_of(repository: Repository) -> str:
    """Return why the head was rejected at the last look; empty if it was not."""
    assert repository.verifier is not None
    return repository.verifier.error.message if repository.verifier.error else ""


def test_only_signed_commits_are_served(
    content: ContentRepository, signer: Signer, tmp_path: pathlib.Path
) -> None:
    """The last signed one stays while the head is not signed, also after a restart."""
    signed = sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path) as repository:
        assert (repository.head(), error_of(repository)) == (signed, "")
        unsigned = content.commit({"a.md": "unsigned"})
        assert repository.head() == signed
        assert f"source news: commit {unsigned[:12]} is not signed" in error_of(repository)
    with opened(content, signer.signers, tmp_path) as repository:
        assert repository.head() == signed
        content.git("reset", "--quiet", "--hard")
        again = sign(content, signer, "signed again")
        assert (repository.head(), error_of(repository)) == (again, "")


@pytest.mark.parametrize("make_signer", [ssh_signer, openpgp_signer])
def test_key_of_somebody_else_does_not_count(
    content: ContentRepository, signer: Signer, tmp_path: pathlib.Path, make_signer: object
) -> None:
    """Neither of the same kind nor of the other."""
    assert callable(make_signer)
    other = make_signer(tmp_path, "other")
    head = sign(content, other, "signed by somebody else")
    with opened(content, signer.signers, tmp_path) as repository:
        with pytest.raises(RepositoryError) as refused:
            repository.head()
        assert refused.value.code == "unsigned-commit"
        assert head[:12] in refused.value.message


def test_removed_signer_counts_no_more(
    content: ContentRepository, signer: Signer, tmp_path: pathlib.Path
) -> None:
    """The file is read again."""
    head = sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path) as repository:
        assert repository.head() == head
        signer.signers.write_text(ssh_signer(tmp_path, "successor").signers.read_text())
        with pytest.raises(RepositoryError, match="is not signed by anybody in editor"):
            repository.head()


def test_file_of_signers_must_be_readable(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Otherwise nothing is served."""
    content.commit({"a.md": "text"})
    with opened(content, tmp_path / "none", tmp_path) as repository:
        with pytest.raises(RepositoryError) as refused:
            repository.head()
        assert refused.value.code == "signers-unreadable"


def test_missing_gpg_is_an_error(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    content.commit({"a.md": "text"})
    keys = openpgp_signer(tmp_path, "editor").signers
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(find_program("git"))
    monkeypatch.setenv("PATH", str(programs))
    with opened(content, keys, tmp_path) as repository:
        with pytest.raises(RepositoryError) as refused:
            repository.head()
        assert refused.value.code == "no-gpg"


def test_rejected_commit_is_verified_again(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program that verifies may have failed for want of memory; a restart is not needed."""
    monkeypatch.setattr(signatures, "_RETRY_SECONDS", 0.5)
    signer = ssh_signer(tmp_path, "editor")
    head = sign(content, signer, "signed")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(find_program("git"))
    ssh_keygen = find_program("ssh-keygen")
    monkeypatch.setenv("PATH", str(programs))
    with opened(content, signer.signers, tmp_path) as repository:
        with pytest.raises(RepositoryError, match="is not signed"):
            repository.head()
        (programs / "ssh-keygen").symlink_to(ssh_keygen)
        time.sleep(0.6)
        assert (repository.head(), error_of(repository)) == (head, "")


def test_signed_commit_is_looked_for_in_a_part_of_the_history(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand commits are enough to notice that signing was forgotten."""
    monkeypatch.setattr(signatures, "_MAX_COMMITS", 2)
    signer = ssh_signer(tmp_path, "editor")
    sign(content, signer, "signed")
    for text in ("1", "2"):
        content.commit({"a.md": text})
    with (
        opened(content, signer.signers, tmp_path) as repository,
        pytest.raises(RepositoryError),
    ):
        repository.head()
