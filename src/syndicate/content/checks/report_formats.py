"""Problems in the formats of other programs: GitHub, GitLab Code Quality and SARIF 2.1.0."""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from syndicate.content.checks.rules import RULES, Rule
from syndicate.model.edition import Problem

_SARIF_LEVELS: Final = {"error": "error", "warning": "warning", "notice": "note"}
_RULE_NAMES: Final = list(RULES)
_MESSAGE_ESCAPES: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY_ESCAPES: Final = _MESSAGE_ESCAPES | str.maketrans({":": "%3A", ",": "%2C"})


def workflow_command(problem: Problem) -> str:
    """Return the workflow command with which GitHub annotates the file of ``problem``."""
    properties = {
        "file": problem.path,
        "line": str(problem.line) if problem.line else "",
        "col": str(problem.column) if problem.line and problem.column else "",
        "title": problem.rule,
    }
    parameters = ",".join(
        f"{key}={text.translate(_PROPERTY_ESCAPES)}" for key, text in properties.items() if text
    )
    message = f"{problem.message}\n{problem.hint}".rstrip("\n")
    return f"::{problem.level} {parameters}::{message.translate(_MESSAGE_ESCAPES)}"


def sarif(problems: Iterable[Problem], *, version: str) -> Mapping[str, object]:
    """Return ``problems`` as one run of a SARIF 2.1.0 log (OASIS, section 3.13)."""
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
        "sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "syndicate",
                        "version": version,
                        "rules": [_rule(rule) for rule in RULES.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "SRCROOT": {"description": {"text": "The root of the content repository."}}
                },
                "results": [_result(problem) for problem in problems],
            }
        ],
    }


def _rule(rule: Rule) -> Mapping[str, object]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.meaning},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.level]},
    }


def _result(problem: Problem) -> Mapping[str, object]:
    return {
        "ruleId": problem.rule,
        "ruleIndex": _RULE_NAMES.index(problem.rule),
        "level": _SARIF_LEVELS[problem.level],
        "message": {"text": f"{problem.message}\n{problem.hint}".rstrip("\n")},
        "partialFingerprints": {"problem/v1": _fingerprint(problem)},
        "locations": [{"physicalLocation": _location(problem)}] if problem.path else [],
    }


def _location(problem: Problem) -> Mapping[str, object]:
    file = {
        "artifactLocation": {
            "uri": quote(problem.path, safe="/", errors="surrogateescape"),
            "uriBaseId": "SRCROOT",
        }
    }
    if not problem.line:
        return file
    column = {"startColumn": problem.column} if problem.column else {}
    return {**file, "region": {"startLine": problem.line, **column}}


_GITLAB_SEVERITIES: Final = {"error": "critical", "warning": "minor", "notice": "info"}


def gitlab_code_quality(problems: Iterable[Problem]) -> list[Mapping[str, object]]:
    """Return ``problems`` as a report of GitLab Code Quality.

    The format is described at https://docs.gitlab.com/ci/testing/code_quality/. Fingerprints do
    not depend on lines, so that GitLab knows a problem again after lines were added above it.
    """
    repeated: Counter[str] = Counter()
    return [_gitlab_issue(problem, repeated) for problem in problems]


def _gitlab_issue(problem: Problem, repeated: Counter[str]) -> Mapping[str, object]:
    fingerprint = _fingerprint(problem)
    number = repeated[fingerprint]
    repeated[fingerprint] += 1
    if number:
        fingerprint = sha256(f"{fingerprint} {number}".encode()).hexdigest()
    return {
        "description": " ".join(filter(None, (f"{problem.message}.", problem.hint))),
        "check_name": problem.rule,
        "fingerprint": fingerprint,
        "severity": _GITLAB_SEVERITIES[problem.level],
        "location": {
            "path": problem.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            or problem.source,
            "lines": {"begin": problem.line or 1},
        },
    }


def _fingerprint(problem: Problem) -> str:
    identity = f"{problem.source}\0{problem.rule}\0{problem.path}\0{problem.message}"
    return sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
