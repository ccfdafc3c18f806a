"""Measure memory and response times of feeds while another source gets a file of 50 or 200 MB.

``python benchmarks/large_files.py [MEGABYTES ...]``: for each size, a service of two sources is
started, one of them gets the file in a commit, and the feed of the other is read meanwhile.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress

SECONDS = 10.0
"""Time for which the feed is read after the commit."""

SETTINGS = """
[service]
port = 0

[[sources]]
name = "large"
repository = "large"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://large.example.gov"
timezone = "UTC"

[[sources]]
name = "other"
repository = "other"
folders = ["news"]
dialect = "news-and-blog"
site_url = "https://other.example.gov"
timezone = "UTC"
"""


def git(folder: pathlib.Path, *arguments: str) -> None:
    """Run git in ``folder``."""
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.gov")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: pathlib.Path, name: str, size: int) -> None:
    """Commit a post of ``size`` bytes."""
    file = folder / "news" / name
    file.parent.mkdir(exist_ok=True)
    with file.open("wb") as written:
        written.write(b"---\ntitle: A post\n---\n")
        line = b"Some words of a long post. " * 37_000
        for _ in range(size // len(line)):
            written.write(line)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Edit")


def process_tree(pid: int) -> set[int]:
    """Return ``pid`` and all its descendants."""
    pids = {pid}
    with suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                pids |= process_tree(int(child))
    return pids


def memory(pid: int) -> int:
    """Return the resident bytes of ``pid`` and all its descendants."""
    total = 0
    for process_id in process_tree(pid):
        with suppress(OSError):
            pages = int(pathlib.Path(f"/proc/{process_id}/statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
    return total


def read(url: str) -> float:
    """Return the seconds until the response."""
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 — our own address
        response.read()
    return time.perf_counter() - started


def port_of(pid: int, seconds: float = 30) -> int:
    """Return the port on which ``pid`` listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        inodes = set()
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                inodes.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
        for line in pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                return int(fields[1].rpartition(":")[2], 16)
        time.sleep(0.1)
    raise SystemExit("the service did not start")


def measure(folder: pathlib.Path, megabytes: int) -> None:
    """Serve, commit the large file, and print the figures."""
    for name in ("large", "other"):
        (folder / name).mkdir()
        git(folder / name, "init", "-q", "-b", "main")
        commit(folder / name, "2024-01-01-small.md", 0)
    (folder / "syndicate.toml").write_text(SETTINGS)
    command = [sys.executable, "-m", "syndicate", "serve"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as service:
        try:
            url = f"http://127.0.0.1:{port_of(service.pid)}/feeds/other.json"
            time.sleep(2)
            baseline = [read(url) for _ in range(200)]
            before = memory(service.pid)
            commit(folder / "large", "2024-01-02-large.md", megabytes * 1_000_000)
            times, peak = [], 0
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                times.append(read(url))
                peak = max(peak, memory(service.pid))
        finally:
            service.terminate()
    p99 = statistics.quantiles(times, n=100)[98]
    print(
        f"{megabytes} MB: resident {before / 1e6:.0f} MB before, {peak / 1e6:.0f} MB at most; "
        f"p99 {statistics.quantiles(baseline, n=100)[98] * 1e3:.1f} ms before, {p99 * 1e3:.1f} ms "
        f"after the commit, slowest {max(times) * 1e3:.0f} ms of {len(times)}"
    )


if __name__ == "__main__":
    for size in [int(argument) for argument in sys.argv[1:]] or [50, 200]:
        with tempfile.TemporaryDirectory() as temporary:
            measure(pathlib.Path(temporary), size)
