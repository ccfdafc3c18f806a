"""Commits that must be signed, with real keys of ssh and OpenPGP."""

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository, SignatureVerifier, VerifiedCommits, signatures
from syndicate.private_files import StateFile
from tests.content_repository import ContentRepository, git_environment
from tests.project_documents import find_program

current_time = partial(datetime.now, UTC)


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


def sign(content: ContentRepository, signer: Signer, text: str, date: str = "") -> str:
    """Commit a file, signed; return the commit."""
    (content.path / "a.md").write_text(text)
    dates = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date} if date else {}
    environment = git_environment(signer.environment | dates)
    git = ("git", "-C", str(content.path), *signer.options)
    run(*git, "add", "a.md", environment=environment)
    run(*git, "commit", "--quiet", "-S", "-m", "Signed", environment=environment)
    return content.head()


@contextmanager
def opened(
    content: ContentRepository,
    signers: pathlib.Path,
    folder: pathlib.Path,
    now: Callable[[], datetime] = current_time,
    *,
    is_recorder: bool = True,
) -> Iterator[Repository]:
    """Open a repository whose commits must be signed; ``folder`` has what earlier ones saw."""
    verified = VerifiedCommits(StateFile(folder / "verified.json"), now, is_recorder=is_recorder)
    with Repository.open(
        str(content.path),
        ref="main",
        mirrors=folder / "var",
        source_name="news",
        verifier=SignatureVerifier(signers, "news", verified),
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


@pytest.fixture
def programs(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a folder to use as the PATH, with git alone."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "git").symlink_to(find_program("git"))
    return folder


def test_missing_program_is_an_error(
    content: ContentRepository,
    signer: Signer,
    tmp_path: pathlib.Path,
    programs: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the command that installs it; once it is there, the commit is served."""
    head = sign(content, signer, "signed")
    name, package = ("gpg", "gpg") if signer.environment else ("ssh-keygen", "openssh-client")
    program = find_program(name)
    with opened(content, signer.signers, tmp_path) as repository, monkeypatch.context() as patch:
        patch.setenv("PATH", str(programs))
        with pytest.raises(RepositoryError) as refused:
            repository.head()
        assert refused.value.code == f"no-{name}"
        assert f"apt install {package}" in refused.value.hint
        (programs / name).symlink_to(program)
        assert repository.head() == head


def test_rejected_commit_is_verified_again(
    content: ContentRepository,
    tmp_path: pathlib.Path,
    programs: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The program that verifies may have failed for want of memory; a restart is not needed."""
    monkeypatch.setattr(signatures, "_RETRY_SECONDS", 0.5)
    signer = ssh_signer(tmp_path, "editor")
    head = sign(content, signer, "signed")
    program, ssh_keygen = programs / "ssh-keygen", find_program("ssh-keygen")
    program.symlink_to(find_program("false"))
    monkeypatch.setenv("PATH", str(programs))
    with opened(content, signer.signers, tmp_path) as repository:
        with pytest.raises(RepositoryError, match="is not signed"):
            repository.head()
        program.unlink()
        program.symlink_to(ssh_keygen)
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


def expire(signer: Signer, when: datetime) -> None:
    """Let the ssh key of ``signer`` expire at ``when``."""
    name, key = signer.signers.read_text().split(" ", 1)
    signer.signers.write_text(f'{name} valid-before="{when.astimezone():%Y%m%d%H%M%S}" {key}')


def test_expired_key_signs_no_backdated_commit(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """The date of a commit is whatever its author says."""
    signer = ssh_signer(tmp_path, "editor")
    now = current_time()
    expire(signer, now - timedelta(days=1))
    backdated = sign(content, signer, "signed", date=f"{now - timedelta(days=30):%Y-%m-%dT%XZ}")
    with (
        opened(content, signer.signers, tmp_path) as repository,
        pytest.raises(RepositoryError, match=f"{backdated[:12]} is not signed by anybody in"),
    ):
        repository.head()


def test_commit_is_verified_as_of_when_it_was_seen_first(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """What was served stays after its key expired; where it was never seen, it is rejected."""
    signer = ssh_signer(tmp_path, "editor")
    now = current_time()
    expire(signer, now + timedelta(days=1))
    head = sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path) as repository:
        assert repository.head() == head
    later = partial(lambda seen: seen + timedelta(days=30), now)
    with opened(content, signer.signers, tmp_path, later) as repository:
        assert repository.head() == head
        next_head = sign(content, signer, "signed with the expired key")
        assert repository.head() == head
        assert next_head[:12] in error_of(repository)
    with (
        opened(content, signer.signers, tmp_path / "other", later) as repository,
        pytest.raises(RepositoryError, match="is not signed"),
    ):
        repository.head()


def test_key_without_a_date_is_withdrawn_by_a_date_in_the_past(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """``valid-before`` a theft also ends what was seen after it."""
    signer = ssh_signer(tmp_path, "editor")
    sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path) as repository:
        repository.head()
        expire(signer, current_time() - timedelta(days=1))
        with pytest.raises(RepositoryError, match="is not signed"):
            repository.head()


def gpg(signer: Signer, *options: str) -> str:
    """Run gpg with the keyring of ``signer``; return its output."""
    environment = {**os.environ, **signer.environment}
    return run(find_program("gpg"), "--batch", "--quiet", *options, environment=environment)


def prepared_revocation(signer: Signer) -> pathlib.Path:
    """Return the file with which the key of ``signer`` can be revoked, named by its fingerprint."""
    (file,) = pathlib.Path(signer.environment["GNUPGHOME"], "openpgp-revocs.d").iterdir()
    return file


@pytest.mark.parametrize("signer", [openpgp_signer], indirect=True, ids=["openpgp"])
def test_openpgp_commit_is_verified_as_of_when_it_was_seen_first(
    content: ContentRepository, signer: Signer, tmp_path: pathlib.Path
) -> None:
    """An expired key signs nothing new."""
    gpg(signer, "--quick-set-expire", prepared_revocation(signer).stem, "1d")
    signer.signers.write_text(gpg(signer, "--armor", "--export"))
    head = sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path) as repository:
        assert repository.head() == head
    later = partial(lambda now: now + timedelta(days=30), current_time())
    with opened(content, signer.signers, tmp_path, later) as repository:
        assert repository.head() == head
    with (
        opened(content, signer.signers, tmp_path / "other", later) as repository,
        pytest.raises(RepositoryError, match="is not signed"),
    ):
        repository.head()


@pytest.mark.parametrize("signer", [openpgp_signer], indirect=True, ids=["openpgp"])
def test_revoked_openpgp_key_signed_nothing(
    content: ContentRepository, signer: Signer, tmp_path: pathlib.Path
) -> None:
    """Neither does it sign what was seen before: it may have been stolen earlier."""
    sign(content, signer, "signed")
    revocation = tmp_path / "revocation"
    revocation.write_text(prepared_revocation(signer).read_text().replace("\n:---", "\n---"))
    with opened(content, signer.signers, tmp_path) as repository:
        repository.head()
        gpg(signer, "--import", str(revocation))
        signer.signers.write_text(gpg(signer, "--armor", "--export"))
        with pytest.raises(RepositoryError, match="is not signed"):
            repository.head()


def test_damaged_record_of_what_was_seen_is_replaced(
    content: ContentRepository, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then a commit is verified as of now, and recorded."""
    signer = ssh_signer(tmp_path, "editor")
    head = sign(content, signer, "signed")
    for record in ("not JSON", '{"news": 3}', '{"news": {"' + head + '": "yesterday"}}'):
        (tmp_path / "verified.json").write_text(record)
        with opened(content, signer.signers, tmp_path) as repository:
            assert repository.head() == head
        assert isinstance(json.loads((tmp_path / "verified.json").read_text())["news"][head], int)
    assert "verified commits unreadable" in capsys.readouterr().err


def test_commit_that_could_not_be_recorded_is_recorded_later(
    content: ContentRepository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not with each look: one warning a minute is enough."""
    signer = ssh_signer(tmp_path, "editor")
    head = sign(content, signer, "signed")
    file = tmp_path / "state" / "verified.json"
    file.parent.touch()
    verified = VerifiedCommits(StateFile(file), current_time, is_recorder=True)
    for seconds, expected in ((60.0, False), (0.0, True)):
        monkeypatch.setattr(signatures, "_RETRY_SECONDS", seconds)
        with Repository.open(
            str(content.path),
            ref="main",
            mirrors=tmp_path / "var",
            source_name="news",
            verifier=SignatureVerifier(signer.signers, "news", verified),
        ) as repository:
            assert repository.head() == head
            file.parent.unlink()
            assert repository.head() == head
            assert file.exists() is expected
            file.parent.touch(exist_ok=True)
    assert capsys.readouterr().err.count("verified commit not stored") == 2


def test_command_records_nothing(content: ContentRepository, tmp_path: pathlib.Path) -> None:
    """It may run as root, and the service could not read the file of root."""
    signer = ssh_signer(tmp_path, "editor")
    head = sign(content, signer, "signed")
    with opened(content, signer.signers, tmp_path, is_recorder=False) as repository:
        assert repository.head() == head
    assert not (tmp_path / "verified.json").exists()
