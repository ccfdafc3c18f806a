"""The log and the metrics: what an operator sees of a running service."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from syndicate import telemetry
from syndicate.telemetry import LogFormat, LogLevel, configure, logger


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    setting = telemetry._settings  # noqa: SLF001 — there is no other way to see what was set before
    before = (setting.log_format, setting.threshold)
    handlers = list(logging.getLogger().handlers)
    yield
    setting.log_format, setting.threshold = before
    logging.getLogger().handlers[:] = handlers


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the messages on stderr; nothing may be on stdout, where results go."""
    captured = capsys.readouterr()
    assert not captured.out
    return [json.loads(line) for line in captured.err.splitlines()]


def test_event_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Event, level, logger, UTC time and fields; a value that is not JSON becomes text."""
    configure("json")

    logger("git").info("fetched", source="usds", posts=7, ref=None, day=frozenset())

    (message,) = said(capsys)
    assert str(message.pop("timestamp")).endswith("Z")
    assert message == {
        "event": "fetched",
        "level": "info",
        "logger": "git",
        "source": "usds",
        "posts": 7,
        "ref": None,
        "day": "frozenset()",
    }


def test_long_values_are_truncated(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning and the length are written."""
    configure("json")

    logger("web").info("x" * 9_000, path="/" * 50_000, reason="short", posts=7)

    (message,) = said(capsys)
    assert message["path"] == "/" * telemetry.MAX_VALUE_CHARACTERS + "… (50,000 characters)"
    assert len(str(message["event"])) < 2_100
    assert (message["reason"], message["posts"]) == ("short", 7)


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_the_level_and_above_are_written(
    level: LogLevel, logged: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each level lets itself and everything graver through."""
    configure("json", level)
    log = logger("index")

    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")

    assert [message["level"] for message in said(capsys)] == logged


def test_reserved_fields_cannot_be_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    """Fields with reserved names neither fail nor replace them."""
    configure("json")

    logger("check").warning("problem", level="notice", logger="other")

    (message,) = said(capsys)
    assert (message["level"], message["logger"]) == ("warning", "check")


@pytest.mark.parametrize("form", ["json", "console"])
def test_exception_is_logged_with_its_traceback(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    """In both formats."""
    configure(form)

    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logger("web").exception("request failed")

    text = capsys.readouterr().err
    assert "request failed" in text
    assert "Traceback (most recent call last)" in text
    assert "ZeroDivisionError: division by zero" in text


def test_auto_is_json_unless_stderr_is_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal gets colored lines."""
    configure("auto")
    log = logger("git")

    log.info("fetched")
    assert said(capsys)[0]["event"] == "fetched"

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    log.info("fetched", source="usds")
    text = capsys.readouterr().err
    assert "fetched" in text
    assert "\x1b[" in text


def test_console_format_has_colors_on_terminals_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Files and pagers get plain text."""
    configure("console")

    logger("git").info("fetched", source="usds")

    text = capsys.readouterr().err
    assert "fetched" in text
    assert "source=usds" in text
    assert "\x1b[" not in text


def test_other_packages_use_the_same_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Their warnings and errors, once however often the log is configured."""
    configure("json")
    configure("json")
    other = logging.getLogger("elsewhere")

    other.info("chatter")
    other.warning("careful with %s", "that")
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        other.exception("failed")

    careful, failed = said(capsys)
    assert (careful["event"], careful["level"]) == ("careful with that", "warning")
    assert (failed["event"], failed["level"]) == ("failed", "error")
    assert failed["logger"] == "elsewhere"
    assert "ZeroDivisionError" in str(failed["exception"])


def test_metrics_have_names_and_help() -> None:
    """Each once, with the prefix of the service."""
    telemetry.posts_parsed_total.labels("somewhere").inc(3)
    telemetry.problems.labels("somewhere", "error").set(2)
    telemetry.request_seconds.observe(0.0007)

    text = telemetry.exposition().decode()

    lines = text.splitlines()
    assert 'syndicate_posts_parsed_total{source="somewhere"} 3.0' in lines
    assert 'syndicate_problems{level="error",source="somewhere"} 2.0' in lines
    assert 'syndicate_request_seconds_bucket{le="0.001"}' in text
    assert "syndicate_build_info{version=" in text
    assert "process_resident_memory_bytes" in text
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    assert all(name.startswith(("syndicate_", "process_")) for name in families)
    assert telemetry.EXPOSITION_TYPE.startswith("text/plain; version=")


def test_structlog_is_imported_when_an_event_is_written() -> None:
    """Commands without log output start faster."""
    code = (
        "import sys; from syndicate.telemetry import logger\n"
        "logger('a').info('x')\n"
        "assert 'structlog' not in sys.modules\n"
        "logger('a').warning('y')\n"
        "assert 'structlog' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr)["event"] == "y"


@pytest.mark.parametrize("module", ["logging", "no_such_module"])
def test_blocked_module_is_importable_afterwards(module: str) -> None:
    """A module that is imported already stays available."""
    before = sys.modules.get(module)
    with telemetry.import_blocked(module):
        assert sys.modules.get(module) is before
    assert (module in sys.modules) == (before is not None)


def test_blocking_an_import_can_be_nested() -> None:
    """As when the first event is logged during another blocked import."""
    with telemetry.import_blocked("no_such_module"):
        with telemetry.import_blocked("no_such_module"):
            assert "no_such_module" in sys.modules
        assert "no_such_module" in sys.modules
    assert "no_such_module" not in sys.modules


def test_log_is_written_without_rich() -> None:
    """Importing it takes longer than everything else in the log."""
    code = (
        "import sys\n"
        "from syndicate.telemetry import logger\n"
        "logger('git').error('gone')\n"
        "print(sorted({'rich', 'structlog'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['structlog']"
    assert '"event": "gone"' in done.stderr


def test_total_of_a_counter_spans_its_labels() -> None:
    """Of every source."""
    before = telemetry.total(telemetry.commits_read_total)
    telemetry.commits_read_total.labels("one").inc(2)
    telemetry.commits_read_total.labels("two").inc()
    assert telemetry.total(telemetry.commits_read_total) == before + 3
