"""Rules for all tests: skips, coverage, Hypothesis profiles, the fast selection, PostgreSQL."""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Generator, Iterator
from functools import _lru_cache_wrapper, cache
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage
from hypothesis import settings

NO_SKIPS: Final = "SYNDICATE_NO_SKIPS"
"""Set to 1 where every program that a test needs is installed: a skipped test is then a failure."""

UNMEASURED_MARKS: Final = ("corpora", "browser")
"""Marks of tests that do not count for coverage."""

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
        help="deselect tests of the whole system, in a browser, of the corpora and on PostgreSQL",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect slow tests if ``--fast`` is given."""
    if config.getoption("--fast"):
        slow = [item for item in items if is_slow(item)]
        items[:] = [item for item in items if not is_slow(item)]
        config.hook.pytest_deselected(items=slow)


def is_slow(item: pytest.Item) -> bool:
    """Return whether ``item`` starts the whole system, a browser or PostgreSQL."""
    parameters = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    return (
        is_unmeasured(item)
        or "postgresql" in getattr(item, "fixturenames", ())
        or "postgresql" in [value for value in parameters if isinstance(value, str)]
    )


def is_unmeasured(item: pytest.Item) -> bool:
    """Return whether ``item`` does not count for coverage."""
    is_marked = any(item.get_closest_marker(mark) for mark in UNMEASURED_MARKS)
    return is_marked or SYSTEM_TESTS in item.path.parents


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


def clear_function_caches() -> None:
    """Clear the caches of cached functions, so that they run again while coverage is measured."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "syndicate":
            for value in vars(module).values():
                if isinstance(value, _lru_cache_wrapper):
                    value.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause coverage during tests that do not count for it."""
    coverage = Coverage.current()
    if coverage is None or not is_unmeasured(item):
        return (yield)
    import_all_modules()
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()
        clear_function_caches()


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
