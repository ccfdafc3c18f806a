"""Processes that the service starts do not inherit its secrets."""

import os
import pathlib
import re
import subprocess
import sys

from tests.content_repository import ContentRepository

CODE = """
import os, pathlib, sys
from syndicate.service.content_service import ContentService
from syndicate.settings import load

with ContentService(load(pathlib.Path(sys.argv[1]), os.environ)) as content:
    content.source_readers()[0].poll()
    edition = content.edition()
    content.render_posts(edition.posts, edition)
    children = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    tasks = pathlib.Path("/proc/self/task").iterdir()
    pids = {pid for task in tasks for pid in (task / "children").read_text().split()}
    for pid in pids:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\\0", b" ")
        names = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\\0")
        print(ascii(command[:60]), ascii([n.partition(b"=")[0].decode() for n in names if n]))
        print("VALUES", ascii(names))
"""

COMMON_VARIABLES = r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR"
WORKER_VARIABLES = COMMON_VARIABLES + r"|PYTHONPATH|PYTHONHOME|LD_LIBRARY_PATH"
GIT_VARIABLES = (
    COMMON_VARIABLES + r"|SSH_AUTH_SOCK|GIT_\w+|SSH_ASKPASS_REQUIRE|(http|https|all|no)_proxy"
)


SECRETS = {
    "SYNDICATE_SECRET_KEY": "hush-key",
    "SYNDICATE_SERVICE__METRICS_TOKEN": "hush-token",
    "DATABASE_PASSWORD": "hush-password",
    "VCAP_SERVICES": '{"hush": 1}',
    "AWS_SECRET_ACCESS_KEY": "hush-aws",
    "GIT_ASKPASS": "/bin/hush",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "http.extraHeader",
    "GIT_CONFIG_VALUE_0": "Authorization: hush",
    "PGPASSWORD": "hush-pg",
}
INHERITED = {"https_proxy": "http://proxy.example", "SSL_CERT_FILE": "/etc/ssl/cert.pem"}


def test_git_and_workers_inherit_named_variables_only(tmp_path: pathlib.Path) -> None:
    """Their environment contains no key, password or token."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit({"news/a.md": "---\ntitle: A\n---\nWords.\n"})
    file = tmp_path / "syndicate.toml"
    file.write_text(
        f'[[sources]]\nname = "news"\nrepository = "{content.path}"\nfolders = ["news"]\n'
        'dialect = "news-and-blog"\nsite_url = "https://www.example.gov"\ntimezone = "UTC"\n'
    )
    completed = subprocess.run(
        [sys.executable, "-c", CODE, str(file)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **SECRETS, **INHERITED},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = completed.stdout.splitlines()
    assert "hush" not in completed.stdout
    process_counts = {"git": 0, "worker": 0}
    for line in lines:
        if line.startswith("VALUES"):
            continue
        kind = "git" if line.startswith("b'git") else "worker"
        process_counts[kind] += 1
        names = re.findall(r"'(\w+)'", line.partition("[")[2])
        allowed_names = GIT_VARIABLES if kind == "git" else WORKER_VARIABLES
        assert not [name for name in names if not re.fullmatch(allowed_names, name)]
        assert ("https_proxy" in names) == (kind == "git")
        assert "SSL_CERT_FILE" in names
    assert process_counts["git"] >= 1
    assert process_counts["worker"] >= 1
