"""Names of processes as lease holders, and whether a process of this host has died."""

import os
import re
import secrets
import socket
from typing import Final

_PID: Final = re.compile("[0-9]{1,9}", re.ASCII)


def make_holder_name() -> str:
    """Return a name for a lease holder in this process, different from every other."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_dead_holder(holder: str, own_name: str) -> bool:
    """Return whether a lease is held by a process of this host that has died.

    A process that was restarted, as in a container, may have the same process id. A lease may be
    held under a name with more parts.
    """
    host, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not _PID.fullmatch(pid):
        return False
    if holder == own_name or holder.startswith(f"{own_name}:"):
        return False
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)
    return False
