"""Runs units as systemd would, for a machine on which systemd is not the first process.

It does what the units of deploy/ and of Debian's varnish ask for to run, and nothing of what they
forbid: tests/system/test_deploy.py has systemd itself check that.

Usage: systemctl.py enable --now UNIT | restart UNIT
"""

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

FOLDERS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"))


def read_unit(name: str) -> dict[str, list[str]]:
    """Return the settings of a unit, each with all its values."""
    (path, *_) = [path for folder in FOLDERS if (path := folder / f"{name}.service").exists()]
    text = path.read_text().replace("\\\n", " ")
    values: dict[str, list[str]] = {}
    for setting, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        values.setdefault(setting, []).append(value)
    return values


def stop(name: str) -> None:
    """Stop a unit, if it runs."""
    own = Path("/run/units") / name
    for file in (own, *map(Path, read_unit(name).get("PIDFile", []))):
        if file.exists():
            process = int(file.read_text())
            os.kill(process, signal.SIGTERM)
            while Path(f"/proc/{process}").exists():
                time.sleep(0.05)


def environment(unit: dict[str, list[str]], home: str, credentials: Path) -> dict[str, str]:
    """Return the environment variables of a unit."""
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home}
    for line in unit.get("Environment", []):
        key, _, value = line.replace("%d", str(credentials)).partition("=")
        environ[key] = value
    for file in unit.get("EnvironmentFile", []):
        with suppress(FileNotFoundError):
            lines = Path(file.removeprefix("-")).read_text().splitlines()
            environ |= dict(line.split("=", 1) for line in lines)
    return environ


def start(name: str) -> None:
    """Start a unit; it goes on when this ends."""
    unit = read_unit(name)
    user = pwd.getpwnam(unit.get("User", ["root"])[0])
    credentials = Path("/run/credentials") / name
    credentials.mkdir(parents=True, exist_ok=True)
    for credential in unit.get("LoadCredential", []):
        key, _, source = credential.partition(":")
        shutil.copy(source, credentials / key)
        (credentials / key).chmod(0o400)
        os.chown(credentials / key, user.pw_uid, user.pw_gid)
    folder = Path("/var/lib") / unit.get("StateDirectory", [""])[0]
    folder.mkdir(exist_ok=True)
    if "StateDirectory" in unit:
        os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(int(unit["StateDirectoryMode"][0], 8))
    environ = environment(unit, user.pw_dir, credentials)
    with Path(f"/var/log/{name}.log").open("wb") as log:
        process = subprocess.Popen(
            shlex.split(unit["ExecStart"][0]),
            env=environ,
            cwd=folder,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            umask=int(unit.get("UMask", ["022"])[0], 8),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    pids = Path("/run/units")
    pids.mkdir(exist_ok=True)
    if "PIDFile" not in unit:
        (pids / name).write_text(str(process.pid))


if __name__ == "__main__":
    stop(sys.argv[-1])
    start(sys.argv[-1])
