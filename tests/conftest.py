"""What holds for every test: when skipping is a failure, and what the coverage is made of."""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Generator, Iterator
from functools import _lru_cache_wrapper, cache
from typing import Final

import pytest
from coverage import Coverage
from hypothesis import settings

NO_SKIPS: Final = "SYNDICATE_NO_SKIPS"
"""Set to 1 where everything that a test may want is there: a skipped test is then a failure."""

UNMEASURED: Final = ("corpora", "browser")
"""Tests with these marks prove much and measure nothing: the coverage must not need them."""

# How long an example takes depends on what else the machine does: no property is about that.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failure where nothing may be skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failure where nothing may be skipped."""
    report = yield
    if report.skipped:
        refuse(report)
    return report


def refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make the skip in ``report`` a failure, if `NO_SKIPS` says so."""
    if os.environ.get(NO_SKIPS) == "1":
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS}=1 forbids to skip: {report.longrepr}"


@cache
def import_the_house() -> None:
    """Import every module of the project, so that none is imported first while nothing counts."""
    spec = importlib.util.find_spec("syndicate")
    folders = spec.submodule_search_locations if spec else None
    for module in pkgutil.walk_packages(folders or [], "syndicate."):
        if not module.name.endswith((".__main__", ".env", ".worker")):
            importlib.import_module(module.name)


def forget_what_is_kept() -> None:
    """Let functions that keep what they found out find it out again, now that it counts."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "syndicate":
            for one in vars(module).values():
                if isinstance(one, _lru_cache_wrapper):
                    one.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause the coverage during tests that it must not need."""
    coverage = Coverage.current()
    if coverage is None or not any(item.get_closest_marker(mark) for mark in UNMEASURED):
        return (yield)
    import_the_house()
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()
        forget_what_is_kept()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the address of a PostgreSQL server that all tests share."""
    from tests.databases import postgresql_server  # noqa: PLC0415 — only where it is wanted

    with postgresql_server() as server:
        yield server.address
