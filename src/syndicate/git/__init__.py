"""Commits, blobs and file history of an untrusted git repository.

`Repository` is the public class; it runs git's command line. Three kinds of commands use
different configuration:

- *Reading objects* goes through a scratch repository (`open_repository.scratch_repository`) that
  borrows the object store of the content repository. No configuration, attribute, hook,
  replacement or graft of that repository or of the user has an effect, so a commit reads the same
  on every host.
- *Reading refs* needs the content repository itself. It executes nothing, and the environment
  disables what could be executed.
- *Fetching* uses the configuration of the user and the system, which holds credentials, proxies,
  certificates and ssh settings. It writes only to a mirror with a configuration made here, uses
  only https, ssh and file, and runs no hooks.

Working trees, indexes and ``.gitattributes`` are never read, but by `syndicate check`
(`syndicate.git.worktree`).
"""

from syndicate.git.batch_process import UnreadableBlob
from syndicate.git.command import git_version
from syndicate.git.history import Commit, CommitDelta, FileChange, TreeEntry
from syndicate.git.partial_clone import WantedFiles
from syndicate.git.repository import Repository
from syndicate.git.signatures import SignatureVerifier, VerifiedCommits

__all__ = [
    "Commit",
    "CommitDelta",
    "FileChange",
    "Repository",
    "SignatureVerifier",
    "TreeEntry",
    "UnreadableBlob",
    "VerifiedCommits",
    "WantedFiles",
    "git_version",
]
