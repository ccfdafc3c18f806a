"""A library, libfaketime, moves or speeds up the clock of a process of the service."""

from pathlib import Path

from tests.project_documents import find_program


def fake_clock_library() -> Path:
    """Return the library to preload; skip the test where Debian's package is not installed."""
    find_program("faketime")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return library
