"""The cache: quick, shared, and no trouble whatever happens to its file."""

import multiprocessing
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from syndicate import cache
from syndicate.cache import Cache

ENTRIES = {f"{number:x}-key\udcff": bytes([number % 256]) * number for number in range(1000)}


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Name a file in a folder that does not exist yet."""
    return tmp_path / "var" / "cache" / "posts.db"


@pytest.fixture
def store(file: pathlib.Path) -> Iterator[Cache]:
    """Open an empty cache."""
    with closing(Cache(file)) as opened:
        yield opened


def test_stored_values_survive_a_restart(file: pathlib.Path, store: Cache) -> None:
    """Any keys and values, in a new cache on the same file."""
    store.put("items", ENTRIES)
    store.put("items", {"a": b"old"})
    store.put("items", {"a": b"new", "": b""})
    with closing(Cache(file)) as again:
        assert again.get("items", ENTRIES) == ENTRIES
        assert again.get("items", ["a", "", "missing", "a"]) == {"a": b"new", "": b""}
        assert again.get("items", []) == {}


def test_few_keys_of_many_are_queried(store: Cache) -> None:
    """A small part of a namespace is found like all of it."""
    many = {str(number): str(number).encode() for number in range(9000)}
    store.put("items", many)
    for count in (1, 900, 2000, 9000):
        some = dict(random.Random(count).sample(sorted(many.items()), count))  # noqa: S311
        assert store.get("items", some) == some
    assert store.get("items", (f"no {number}" for number in range(1000))) == {}


def test_storing_nothing_changes_nothing(file: pathlib.Path, store: Cache) -> None:
    """Not even the file is created."""
    store.put("items", {})
    assert not file.exists()


def test_namespaces_are_separate(store: Cache) -> None:
    """One key can exist in several namespaces of any name."""
    namespaces = ("a", "A", 'b" (x); --', "sqlite_master", "")
    for namespace in namespaces:
        store.put(namespace, {"key": namespace.encode()})
    for namespace in namespaces:
        assert store.get(namespace, ["key"]) == {"key": namespace.encode()}


def test_retain_only_deletes_other_values(store: Cache) -> None:
    """Of one namespace only."""
    store.put("items", ENTRIES)
    store.put("heads", {"x": b"1"})
    kept = dict(list(ENTRIES.items())[::2])
    store.retain_only("items", [*kept, "never there"])
    assert store.get("items", ENTRIES) == kept
    store.retain_only("items", [])
    store.retain_only("new", ["x"])
    assert store.get("items", ENTRIES) == {}
    assert store.get("heads", ["x"]) == {"x": b"1"}


def test_closed_cache_opens_again(store: Cache) -> None:
    """At the next call."""
    store.put("items", {"a": b"1"})
    store.close()
    store.close()
    assert store.get("items", ["a"]) == {"a": b"1"}


def test_cache_without_a_file_is_empty() -> None:
    """Values are accepted and dropped."""
    store = Cache(None)
    store.put("items", {"a": b"1"})
    store.retain_only("items", ["a"])
    assert store.get("items", ["a"]) == {}
    store.close()


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "start", "foreign", "older", "altered"])
def test_damaged_or_foreign_file_is_replaced(
    file: pathlib.Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No wrong value is returned, and values stored afterwards are found."""
    with closing(Cache(file)) as store:
        store.put("items", ENTRIES)
    whole = file.read_bytes()
    match damage:
        case "text":
            file.write_text("not a database, but long enough to be taken for one " * 100)
        case "empty":
            file.write_bytes(b"")
        case "cut":
            file.write_bytes(whole[: len(whole) // 3])
        case "start":
            file.write_bytes(whole[:100] + b"\xff" * 8192 + whole[8292:])
        case "foreign":
            file.unlink()
            statement(file, "CREATE TABLE other (x)")
        case "older":
            statement(file, "PRAGMA user_version = 77")
        case _:
            statement(file, "ALTER TABLE namespace_6974656d73 RENAME value TO other")
    with closing(Cache(file)) as store:
        assert store.get("items", ENTRIES).items() <= ENTRIES.items()
        store.put("items", {"new": b"1"})
        store.retain_only("items", ["new"])
        assert store.get("items", ["new"]) == {"new": b"1"}
    assert ("cache failed" in capsys.readouterr().err) == (damage != "empty")


def test_damaged_pages_never_become_values(file: pathlib.Path) -> None:
    """Whatever part of the file is overwritten, only stored values are returned."""
    with closing(Cache(file)) as store:
        store.put("items", ENTRIES)
    whole = file.read_bytes()
    chance = random.Random(7)  # noqa: S311 — reproducible
    for _ in range(40):
        at = chance.randrange(100, len(whole))
        file.write_bytes(whole[:at] + chance.randbytes(300) + whole[at + 300 :])
        with closing(Cache(file)) as store:
            assert store.get("items", ENTRIES).items() <= ENTRIES.items()
            store.put("items", {"new": b"1"})
            assert store.get("items", ["new"]).items() <= {("new", b"1")}


@pytest.mark.parametrize("value", ["NULL", "7", "'text'", "x'ff'", "CAST(x'ff' AS TEXT)"])
def test_altered_value_is_missing(file: pathlib.Path, store: Cache, value: str) -> None:
    """The checksum detects wrong values of any type; other values are found."""
    store.put("items", {"a": b"1", "b": b"2"})
    store.close()
    statement(file, "ALTER TABLE namespace_6974656d73 RENAME TO whole")
    statement(file, "CREATE TABLE namespace_6974656d73 (key, value, checksum)")
    statement(file, "INSERT INTO namespace_6974656d73 SELECT * FROM whole")
    statement(file, f"UPDATE namespace_6974656d73 SET value = {value} WHERE key = x'61'")  # noqa: S608
    assert store.get("items", ["a", "b"]) == {"b": b"2"}


def test_unwritable_folder_means_no_cache(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logged once, without an exception."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "file" / "cache.db", tmp_path / "folder"):
        store = Cache(place)
        for _ in range(3):
            store.put("items", {"a": b"1"})
            store.retain_only("items", [])
            assert store.get("items", ["a"]) == {}
        assert capsys.readouterr().err.count("cache failed") == 1


def test_deleted_file_is_created_again(file: pathlib.Path, store: Cache) -> None:
    """Deleting the folder of a running service does no harm."""
    store.put("items", {"a": b"1"})
    store.close()
    for part in file.parent.iterdir():
        part.unlink()
    file.parent.rmdir()
    assert store.get("items", ["a"]) == {}
    store.put("items", {"a": b"2"})
    assert store.get("items", ["a"]) == {"a": b"2"}


def test_file_replaced_by_another_process_is_kept(file: pathlib.Path) -> None:
    """Of two processes that find a damaged file, the second uses the new file of the first."""
    with closing(Cache(file)) as store:
        store.put("items", ENTRIES)
    with closing(Cache(file)) as first, closing(Cache(file)) as second:
        assert first.get("items", ["x"]) == second.get("items", ["x"]) == {}
        with file.open("r+b") as damaged:
            damaged.seek(4096)
            damaged.write(b"\xff" * (file.stat().st_size - 4096))
        assert first.get("items", ENTRIES) == {}
        first.put("items", {"repaired": b"1"})
        assert second.get("items", [*ENTRIES, "repaired"]) == {"repaired": b"1"}
        second.put("items", {"both": b"2"})
        assert first.get("items", ["both"]) == {"both": b"2"}


def test_file_is_kept_after_errors_that_a_new_one_does_not_fix(
    file: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If even a new file fails, there is no cache and no endless replacement."""
    monkeypatch.setattr(cache, "VERSION", "nonsense (")
    store = Cache(file)
    store.put("items", {"a": b"1"})
    assert store.get("items", ["a"]) == {}


def test_locked_file_is_given_up_after_a_timeout(
    file: pathlib.Path, store: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is lost; later ones succeed."""
    monkeypatch.setattr(cache, "_LOCK_TIMEOUT_SECONDS", 0.05)
    store.put("items", {"a": b"1"})
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.put("items", {"a": b"2", "b": b"2"})
        assert store.get("items", ["a", "b"]) == {"a": b"1"}
    store.put("items", {"b": b"3"})
    assert store.get("items", ["a", "b"]) == {"a": b"1", "b": b"3"}


def test_threads_share_a_cache(store: Cache) -> None:
    """Several threads put and get at once without losing anything."""

    def work(name: int) -> None:
        for number in range(20):
            key = f"{name}-{number}"
            store.put("items", {key: key.encode()})
            assert store.get("items", [key]) == {key: key.encode()}

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [f"{name}-{number}" for name in range(4) for number in range(20)]
    assert len(store.get("items", keys)) == 80


def fill(file: pathlib.Path, name: str) -> None:
    """Put a hundred times, in a process of its own."""
    with closing(Cache(file)) as store:
        for number in range(100):
            store.put("items", {f"{name}-{number}": name.encode() * 500})


@pytest.mark.slow
def test_processes_share_a_file(file: pathlib.Path) -> None:
    """Two processes that start on a file at once both find all that both have put."""
    context = multiprocessing.get_context("spawn")
    names = ("one", "two")
    workers = [context.Process(target=fill, args=(file, name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    expected = {f"{name}-{n}": name.encode() * 500 for name in names for n in range(100)}
    with closing(Cache(file)) as store:
        assert store.get("items", expected) == expected


@pytest.mark.slow
def test_killed_process_leaves_a_usable_file(file: pathlib.Path) -> None:
    """At most the value being written is lost."""
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        worker = context.Process(target=fill, args=(file, "killed"))
        worker.start()
        until = time.monotonic() + 30
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(0.01)
        worker.kill()
        worker.join(60)
        worker.close()
        with closing(Cache(file)) as store:
            found = store.get("items", (f"killed-{number}" for number in range(100)))
            assert set(found.values()) <= {b"killed" * 500}
            store.put("items", {"after": b"1"})
            assert store.get("items", ["after"]) == {"after": b"1"}


def test_full_disk_drops_new_values(file: pathlib.Path) -> None:
    """Existing values are still found."""
    script = (
        "import pathlib, resource, signal, sys\n"
        "from syndicate.cache import Cache\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store = Cache(pathlib.Path(sys.argv[1]))\n"
        "store.put('items', {'small': b'1'})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "store.put('items', {'big': bytes(1000000)})\n"
        "store.put('items', {str(n): bytes(1000) for n in range(100)})\n"
        "assert store.get('items', ['small', 'big', '7']) == {'small': b'1'}\n"
        "store.close()\n"
    )
    path = os.pathsep.join(sys.path)
    subprocess.run(
        [sys.executable, "-c", script, str(file)],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        timeout=60,
    )
    with closing(Cache(file)) as store:
        assert store.get("items", ["small", "big", "7"]) == {"small": b"1"}


def statement(file: pathlib.Path, sql: str) -> None:
    """Do something to the file that the cache would not."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)
