"""What tests in a browser share: how Chromium is started, and sites of other origins."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

CHROMIUM_ARGUMENTS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Arguments with which Chromium runs as root and sends no requests of its own."""

SITE_IMAGES: Final = "https://www.example.gov/**"
"""The URLs of images on the site of the sample sources, which no test may request."""

IMAGE: Final = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='1600' height='900'>"
    "<rect width='1600' height='900' fill='#7a93ac'/></svg>"
)
"""What a browser gets in their place."""

LAYOUT_SHIFT: Final = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (!entry.hadRecentInput) sum += entry.value;
  })).observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(sum), 200);
})"""
"""The cumulative layout shift of a page until now, and in the next frames.

As it is defined: without what a click, a key or another size of the window moves.
"""


@contextmanager
def static_site(folder: Path) -> Iterator[int]:
    """Serve the files in ``folder`` on loopback, and yield the port."""
    (folder / "favicon.ico").write_bytes(b"")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
