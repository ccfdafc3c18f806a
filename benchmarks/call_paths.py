"""Count the files of src that a warm feed request and a commit with its webhook pass through.

The service runs as usual, with a profile function in its processes that records each Python
function called. A request is traced twice: one that the response cache answers, and one that takes
the ordinary way through the routes (it has a cookie). A commit of one changed post is traced until
one subscriber has its webhook, which is responded to after that; the render process is counted by
itself. Each count is of the files that appear in every repetition; functions that an idle service
calls, too, do not count for a request. Limits: 10 files for a feed, 60 for a commit in the service
process.

Usage: python benchmarks/call_paths.py [--list]
"""

import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from harness.goals import record_goal
from harness.outbox_database import SECRET_KEY, add_subscriptions, open_database
from harness.post_repository import PostRepository
from harness.service_process import Server, process_tree, run_service, settings, wait_until
from typing_extensions import override

MAX_FEED_FILES: Final = 10
MAX_COMMIT_FILES: Final = 60
REPETITIONS: Final = 4
POSTS: Final = 50
SETTLING_SECONDS: Final = 1
"""Time for what follows the response, such as recording it."""
TIMEOUT_SECONDS: Final = 60
FEED: Final = "/feeds/all.json"

DELIVERY_SETTINGS: Final = f"""
secret_key = "{SECRET_KEY}"
[delivery]
allow_networks = ["127.0.0.0/8"]
allow_http = true
"""

TRACER: Final = """
import os, signal, sys, threading

functions = set()
dumps = 0

def record(frame, event, arg):
    if event == "call":
        functions.add((frame.f_code.co_filename, frame.f_code.co_qualname))

def dump(signum, frame):
    global dumps
    dumps += 1
    name = f"{folder}/{{os.getpid()}}"
    with open(f"{{name}}.new", "w") as file:
        file.writelines(f"{{path}}\\t{{name}}\\n" for path, name in list(functions))
    os.rename(f"{{name}}.new", f"{{name}}.{{dumps}}")
    functions.clear()

signal.signal(signal.SIGUSR1, dump)
threading.setprofile(record)
sys.setprofile(record)
"""
"""`sitecustomize.py` of the service and its render processes: SIGUSR1 writes what was recorded."""

Function = tuple[str, str]
"""File in src/syndicate and qualified name."""


class TracedService:
    """A running service whose calls are recorded in files in a folder."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self._folder = folder
        self._dumps = dict[int, int]()

    def service_calls(self) -> set[Function]:
        """Return the functions called in the service process since the last call of this."""
        return self._collect(self.server.pid)

    def render_calls(self) -> set[Function]:
        """Return the functions called in the render processes since the last call of this."""
        return {function for pid in self._render_processes() for function in self._collect(pid)}

    def _render_processes(self) -> Iterable[int]:
        for pid in process_tree(self.server.pid):
            if b"process_worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield pid

    def _collect(self, pid: int) -> set[Function]:
        number = self._dumps[pid] = self._dumps.get(pid, 0) + 1
        dump = self._folder / f"{pid}.{number}"
        os.kill(pid, signal.SIGUSR1)
        wait_until(dump.exists, pause=0.01)
        calls = (line.split("\t") for line in dump.read_text().splitlines())
        return {
            (path.rpartition("/syndicate/")[2], name)
            for path, name in calls
            if "/src/syndicate/" in path
        }


def files_of(calls: Iterable[Function]) -> set[str]:
    """Return the files that the functions are in."""
    return {file for file, _ in calls}


def trace_request(traced: TracedService, headers: Mapping[str, str]) -> set[str]:
    """Return the files that every warm request for the feed passes through."""
    traced.service_calls()
    time.sleep(3)
    idle, traces = traced.service_calls(), []
    for number in range(REPETITIONS + 2):
        traced.service_calls()
        response = traced.server.get(FEED, **headers)
        time.sleep(0.1)
        if response.status != HTTPStatus.OK:
            raise SystemExit(f"call_paths: {FEED} has the status {response.status}")
        calls = traced.service_calls()
        if number > 1:
            traces.append(files_of(calls - idle))
    return set.intersection(*traces)


class WebhookReceiver:
    """Receives webhooks on loopback; one is responded to when `release` is called."""

    def __init__(self) -> None:
        arrived, released = self.arrived, self._released = threading.Event(), threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                arrived.set()
                released.wait()
                released.clear()
                self.send_response(HTTPStatus.NO_CONTENT)
                self.end_headers()

            @override
            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def release(self) -> None:
        """Respond to the webhook that arrived."""
        self.arrived.clear()
        self._released.set()


def trace_commit(
    traced: TracedService, content: PostRepository, receiver: WebhookReceiver
) -> tuple[set[str], set[str]]:
    """Return the files that every commit passes through, in the service and in rendering.

    No request is made meanwhile: the files of ``web`` belong to the sweep of open connections.
    """
    in_service, in_rendering = [], []
    for number in range(REPETITIONS + 1):
        traced.service_calls(), traced.render_calls()
        content.commit_newest(number)
        if not receiver.arrived.wait(TIMEOUT_SECONDS):
            raise SystemExit("call_paths: a webhook was not sent in time")
        calls, render_calls = traced.service_calls(), traced.render_calls()
        receiver.release()
        time.sleep(SETTLING_SECONDS)
        if number:
            files = files_of(calls)
            in_service.append({file for file in files if not file.startswith("web/")})
            in_rendering.append(files_of(render_calls))
    return set.intersection(*in_service), set.intersection(*in_rendering)


async def add_subscription(folder: Path, url: str) -> None:
    """Store a subscription of everything in the database of the service."""
    (folder / "var").mkdir()
    async with open_database(f"sqlite:///{folder}/var/syndicate.db") as database:
        await add_subscriptions(database, 1, lambda _: url)


def report(name: str, files: set[str], limit: int | None = None) -> bool:
    """Print a count, with ``--list`` all files; return whether it is within its limit."""
    limit_text = "" if limit is None else f" (at most {limit})"
    print(f"{name:48}{len(files):>4} files{limit_text}")
    if "--list" in sys.argv:
        print("".join(f"    {file}\n" for file in sorted(files)), end="")
    return limit is None or record_goal(name, len(files), limit, "files")


def main() -> None:
    """Trace a service with one subscriber; exit with 1 if a limit is exceeded."""
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as temporary:
        folder = Path(temporary)
        (folder / "tracer").mkdir()
        (folder / "tracer" / "sitecustomize.py").write_text(
            TRACER.replace("{folder}", str(folder / "tracer")).replace("{{", "{").replace("}}", "}")
        )
        os.environ["PYTHONPATH"] = str(folder / "tracer")
        content = PostRepository(folder / "news", POSTS)
        (folder / "syndicate.toml").write_text(settings(["news"], DELIVERY_SETTINGS))
        receiver = WebhookReceiver()
        asyncio.run(add_subscription(folder, receiver.url))
        with run_service(folder) as server:
            traced = TracedService(server, folder / "tracer")
            server.wait_for_feed(FEED)
            wait_until(lambda: server.get("/readyz").status == HTTPStatus.OK)
            server.wait_until_idle()
            cached = trace_request(traced, {})
            ordinary = trace_request(traced, {"Cookie": "a=b"})
            in_service, in_rendering = trace_commit(traced, content, receiver)
    results = [
        report("warm feed, from the response cache", cached, MAX_FEED_FILES),
        report("warm feed, the ordinary way", ordinary, MAX_FEED_FILES),
        report("commit to webhook, service process", in_service, MAX_COMMIT_FILES),
        report("commit to webhook, render process", in_rendering),
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
