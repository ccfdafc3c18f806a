"""Commits, blobs and file history out of a git repository, without ever trusting it.

`Repository` is the door; everything it does is git's own command line. Three kinds of commands
are kept apart, because they may obey different configuration:

- *Reading objects* happens through a blank repository of our own (`place.Blank`) that borrows
  the object store of the content repository: no configuration, attribute, hook, replacement or
  graft of anybody can have an influence, so the same commit reads the same everywhere.
- *Reading names* (refs) has to happen in the content repository itself; it runs nothing, and the
  environment takes away whatever could.
- *Fetching* obeys the user's and the system's git configuration, since that is where credentials,
  proxies, certificates and ssh settings are, but only into a mirror whose own configuration is
  ours, only over https, ssh and file, and without hooks.

Nothing here looks at a working tree, an index or ``.gitattributes``.
"""

from syndicate.git.blob_reader import UnreadableBlob
from syndicate.git.command import git_version
from syndicate.git.history import CommitDelta
from syndicate.git.parsers import Commit, FileChange, TreeEntry
from syndicate.git.repository import Repository

__all__ = [
    "Commit",
    "CommitDelta",
    "FileChange",
    "Repository",
    "TreeEntry",
    "UnreadableBlob",
    "git_version",
]
