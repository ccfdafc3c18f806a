"""Every line of "Run in production" for a host is run, in its order, on a machine of its own.

The machine is a set of namespaces (mounts, network, processes) of this one: what the lines write
into /etc, /opt, /usr/local and /var is gone afterwards, and ports are not those of this machine.
Packages come from a folder that pip filled before, since the namespace has no network.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.channels.certificates import CertificateAuthority
from tests.content_repository import ContentRepository
from tests.project_documents import ROOT, code_blocks, find_program

DOCUMENT: Final = "docs/how-to/run-in-production.md"
HOST: Final = "feeds.agency.gov"
POST: Final = "_news-and-blog/2024-05-06-wrong-numbers.md"
PROGRAMS: Final = ("unshare", "ip", "nginx", "varnishd", "cc", "curl", "openssl", "runuser")

MACHINE: Final = r"""
set -euo pipefail
work=$1
layers=$work/layers
mkdir "$layers"
mount -t tmpfs none "$layers"
for folder in etc opt usr/local var srv; do
    mkdir -p "$layers/upper/$folder" "$layers/work/$folder"
    mount -t overlay overlay -o \
        "lowerdir=/$folder,upperdir=$layers/upper/$folder,workdir=$layers/work/$folder" "/$folder"
done
mount -t tmpfs none /run
ip link set lo up
mkdir -p /srv/repos
cp -R "$work/website.git" /srv/repos/website.git
export PATH="$work/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root
export PIP_NO_INDEX=1 PIP_FIND_LINKS="$work/wheels" PIP_DISABLE_PIP_VERSION_CHECK=1
unset PIP_CONSTRAINT PIP_EXTRA_INDEX_URL VIRTUAL_ENV PYTHONPATH
rm -f /etc/nginx/sites-enabled/default
nginx
"""
"""Before the first line: an empty machine with nginx running, as its package leaves it."""

SETTINGS: Final = f"""
sed -i 's|https://feeds.example.gov|https://{HOST}|; s|feeds@example.gov|feeds@agency.gov|
    s|https://git.example.gov/website.git|/srv/repos/website.git|
    s|https://www.example.gov|https://www.agency.gov|' /etc/syndicate/syndicate.toml
sed -i '/^contact/a proxies = 2' /etc/syndicate/syndicate.toml
printf '[delivery]\nallow_networks = ["127.0.0.0/8"]\nallow_http = true\n' \
    >>/etc/syndicate/syndicate.toml
git config --system --add safe.directory /srv/repos/website.git
"""
"""What the operator edits. The receiver of the test is on this machine, without TLS."""

FEED_CHECK: Final = f"""
curl --fail --silent --show-error --retry 60 --retry-delay 1 --retry-all-errors \
    --cacert "$work/ca.pem" --resolve {HOST}:443:127.0.0.1 --include \
    https://{HOST}/feeds/all.json >"$work/response"
"""
WEBHOOK_CHECK: Final = """
python3 "$work/receiver.py" "$work/webhook" 9000 &
syndicate subscriptions add http://127.0.0.1:9000/hook --backfill
until [ -s "$work/webhook" ]; do sleep 0.2; done
"""
RECEIVER: Final = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        if not Path(sys.argv[1]).exists():  # the first of them
            part = Path(sys.argv[1] + ".part")
            part.write_bytes(str(self.headers).encode() + body)
            part.rename(sys.argv[1])


HTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""
VARNISH_CHECK: Final = """
curl --fail --silent --show-error --retry 60 --retry-delay 1 --retry-all-errors --include \
    http://127.0.0.1:6081/feeds/all.json >"$work/varnish"
"""
TRACE_CHECK: Final = """
python3 "$work/receiver.py" "$work/traces" 4318 &
until [ -s "$work/traces" ]; do sleep 0.2; done
until curl --silent --fail http://127.0.0.1:8000/readyz; do sleep 0.2; done
"""
WITHDRAWAL_CHECK: Final = """
feed() { curl --fail --silent http://127.0.0.1:8000/feeds/all.json; }
while feed | grep -q 'Wrong numbers'; do sleep 0.2; done
"""
AFTER: Final = {
    "useradd": SETTINGS,
    "nginx.tls.conf": FEED_CHECK + WEBHOOK_CHECK,
    "varnish": VARNISH_CHECK,
    "OTEL_": TRACE_CHECK,
    "deliveries hold": "syndicate deliveries release\n",
    "posts withdraw": WITHDRAWAL_CHECK,
}
"""What the operator or the test does after the block with a word."""
READ_KEY: Final = r"sed -n 's/^  key *\([0-9a-f]*\) .*/\1/p'"
APT_GET: Final = """#!/bin/sh
# There is no network: the packages must be known, and be installed already.
shift 2
for name in "$@"; do
    apt-cache show "$name" >/dev/null 2>&1 || [ "$name" = nginx ] || exit 1
done
"""


def shell_blocks() -> list[str]:
    """Return the fenced blocks of the document, except the one that is a file of variables."""
    return [block for block in code_blocks(DOCUMENT, "") if not block.startswith("SYNDICATE_")]


def script() -> str:
    """Return the whole session: the lines as they are, with the operator's own names."""
    lines = MACHINE
    for block in shell_blocks():
        lines += block + "".join(what for word, what in AFTER.items() if word in block)
    lines = lines.replace("your.host.name", HOST)
    lines = lines.replace("news/2024-05-06-wrong-numbers.md", POST)
    key = f"$(syndicate explain {POST} | {READ_KEY})"
    return lines.replace("withdraw KEY", f"withdraw {key}")


def prepare(folder: Path) -> Path:
    """Put what the machine needs into ``folder``: packages, certificates, content, programs."""
    wheels = folder / "wheels"
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes"]
    pins = ROOT / "requirements" / "tracing.txt"  # holds those of run.txt
    subprocess.run([*download, "-r", pins, "-d", wheels], check=True)
    content = ContentRepository.create(folder / "website.git", bare=True)
    content.commit({POST: "---\ntitle: Wrong numbers\ndate: 2024-05-06\n---\nThe text.\n"})
    authority = CertificateAuthority.make("CA of the test")
    (folder / "ca.pem").write_bytes(authority.pem)
    checkout = folder / "syndicate"
    subprocess.run(["git", "clone", "-q", ROOT, checkout], check=True)
    pair = authority.issue(HOST)
    for name in ("feeds.crt", "feeds.key"):
        (checkout / name).write_bytes(pair)
    (folder / "receiver.py").write_text(RECEIVER)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "apt-get").write_text(APT_GET)
    runner = Path(__file__).with_name("systemctl.py")
    (programs / "systemctl").write_text(f'#!/bin/sh\nexec /usr/bin/python3 {runner} "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    return checkout


def read_response(file: Path) -> tuple[str, str]:
    """Return the head and the body of a response that curl wrote."""
    head, _, body = file.read_text().replace("\r\n", "\n").partition("\n\n")
    return head, body


@pytest.mark.timeout(600)
def test_every_line_leads_to_a_feed_over_tls_and_a_webhook(tmp_path: Path) -> None:
    """From an empty machine; the commands for the days after work as well."""
    for program in PROGRAMS:
        find_program(program)
    for command, missing in (
        (("unshare", "--mount", "--net", "--pid", "--fork", "true"), "CAP_SYS_ADMIN"),
        (("/usr/bin/python3", "-c", "import ensurepip"), "the package python3-venv"),
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip(f"needs {missing}, for a machine of its own")
    checkout = prepare(tmp_path)
    (tmp_path / "session.sh").write_text(script())
    completed = subprocess.run(
        [
            *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("bash", "-x", tmp_path / "session.sh", tmp_path),
        ],
        cwd=checkout,
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stderr[-4000:] + completed.stdout[-2000:]
    head, body = read_response(tmp_path / "response")
    assert "strict-transport-security: max-age=31536000" in head.lower()
    assert "cache-status: nginx; " in head.lower()
    assert [item["title"] for item in json.loads(body)["items"]] == ["Wrong numbers"]
    head, body = read_response(tmp_path / "varnish")
    assert "cache-status: varnish; " in head.lower()
    assert [item["title"] for item in json.loads(body)["items"]] == ["Wrong numbers"]
    assert b"read commit" in (tmp_path / "traces").read_bytes()
    head, body = read_response(tmp_path / "webhook")
    assert "webhook-signature: v1," in head.lower()
    assert json.loads(body)["data"]["post"]["title"] == "Wrong numbers"


def test_every_block_of_the_document_is_run() -> None:
    """Or is a file; no block is in a language that the test leaves out."""
    blocks = re.findall(r"^```(\w*)$", (ROOT / DOCUMENT).read_text(), re.MULTILINE)
    assert {*blocks} == {""}
    assert len(blocks) == 2 * (len(shell_blocks()) + 1)
