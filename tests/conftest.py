"""Rules for all tests: skips, coverage, Hypothesis profiles, the fast selection, PostgreSQL."""

import gc
import importlib
import importlib.util
import os
import pkgutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper, cache
from pathlib import Path
from typing import Any, Final

import pytest
from coverage import Coverage
from hypothesis import is_hypothesis_test, settings

NO_SKIPS: Final = "SYNDICATE_NO_SKIPS"
"""Set to 1 where every program that a test needs is installed: a skipped test is then a failure."""

WHOLE_SYSTEM_MARKS: Final = ("corpora", "browser")
"""Marks of tests that are as slow as those in `SYSTEM_TESTS`."""

SYSTEM_TESTS: Final = Path(__file__).parent / "system"
"""Tests of the whole system: most run other processes, and tracing the rest only takes time."""

# The duration of an example depends on the load of the machine, so there is no deadline.
settings.register_profile("fast", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=2_000)
settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make test-fast` uses."""
    parser.addoption(
        "--fast",
        action="store_true",
        help="deselect tests in `system`, of the corpora, in a browser, on PostgreSQL, marked slow",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests if ``--fast`` is given; run those of the whole system first.

    Otherwise a test that takes half a minute may be the last one, while the other workers wait.
    """
    items.sort(key=lambda item: not is_in_system_folder(item.path))
    if config.getoption("--fast"):
        slow = [item for item in items if is_slow(item)]
        items[:] = [item for item in items if not is_slow(item)]
        config.hook.pytest_deselected(items=slow)


def is_slow(item: pytest.Item) -> bool:
    """Return whether ``item`` starts the whole system, a browser or PostgreSQL, or is marked."""
    parameters = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    return (
        is_of_whole_system(item)
        or item.get_closest_marker("slow") is not None
        or "postgresql" in getattr(item, "fixturenames", ())
        or "postgresql" in [value for value in parameters if isinstance(value, str)]
    )


def is_of_whole_system(item: pytest.Item) -> bool:
    """Return whether ``item`` is in the folder ``system``, or needs the corpora or a browser."""
    is_marked = any(item.get_closest_marker(mark) for mark in WHOLE_SYSTEM_MARKS)
    return is_marked or is_in_system_folder(item.path)


@cache
def is_in_system_folder(path: Path) -> bool:
    """Return whether ``path`` is a file of tests of the whole system."""
    return SYSTEM_TESTS in path.parents


def is_unmeasured(item: pytest.Item) -> bool:
    """Return whether ``item`` does not count for coverage.

    Property tests do not: the lines that they reach depend on random examples, and tracing
    doubles the time of each example.
    """
    return (
        is_of_whole_system(item)
        or item.get_closest_marker("unmeasured") is not None
        or (isinstance(item, pytest.Function) and is_hypothesis_test(item.obj))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failure if `NO_SKIPS` is set."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        turn_skip_into_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failure if `NO_SKIPS` is set."""
    report = yield
    if report.skipped:
        turn_skip_into_failure(report)
    return report


def turn_skip_into_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn the skip in ``report`` into a failure if `NO_SKIPS` is set."""
    if os.environ.get(NO_SKIPS) == "1":
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS}=1 forbids to skip: {report.longrepr}"


@cache
def import_all_modules() -> None:
    """Import every module of the project, so that no import happens while coverage is paused."""
    spec = importlib.util.find_spec("syndicate")
    folders = spec.submodule_search_locations if spec else None
    for module in pkgutil.walk_packages(folders or [], "syndicate."):
        if not module.name.endswith((".__main__", ".env", ".worker")):
            importlib.import_module(module.name)


def function_cache_misses() -> "dict[_lru_cache_wrapper[Any], int]":
    """Return how often each cached function of the project was executed."""
    return {
        value: value.cache_info().misses
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "syndicate"
        for value in vars(module).values()
        if isinstance(value, _lru_cache_wrapper)
    }


@contextmanager
def coverage_paused() -> Iterator[None]:
    """Measure no coverage in the block, where it is measured at all.

    Cached functions that were executed meanwhile forget their results, so that the next test that
    counts executes them again.
    """
    coverage = Coverage.current()
    if coverage is None:
        yield
        return
    import_all_modules()
    misses = function_cache_misses()
    coverage.stop()
    try:
        yield
    finally:
        coverage.start()
        for function, count in function_cache_misses().items():
            if count > misses.get(function, 0):
                function.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Import the tests without measuring coverage: tracing doubles the time of that."""
    if session.config.pluginmanager.has_plugin("dsession"):  # workers collect, not this process
        return (yield)
    with coverage_paused():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause coverage during tests that do not count for it."""
    if not is_unmeasured(item):
        return (yield)
    with coverage_paused():
        return (yield)


def running_git_commands() -> dict[int, str]:
    """Return the git commands that run as objects of this process started them, by process ID."""
    processes = (found for found in gc.get_objects() if type(found) is subprocess.Popen)
    commands = {
        process.pid: " ".join(map(os.fsdecode, process.args))
        for process in processes
        if isinstance(process.args, list | tuple) and process.poll() is None
    }
    return {pid: command for pid, command in commands.items() if command.startswith("git ")}


@pytest.fixture(scope="module", autouse=True)
def _no_git_process_is_left_running() -> Iterator[None]:
    """Fail where the tests of a module leave a git process open, which another test is blamed for.

    Fixtures of a module may keep one that runs; this one is set up first and torn down last.
    """
    before = running_git_commands()
    yield
    left = [command for pid, command in running_git_commands().items() if pid not in before]
    assert not left, f"git processes left running: {left}"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests and fixtures on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the URL of a PostgreSQL server that all tests of this process share.

    The server does not wait for the disk, since no test that shares it simulates a power loss.
    """
    from tests.databases import postgresql_server  # noqa: PLC0415 — slow to import

    with postgresql_server(fsync=False) as server:
        yield server.url
