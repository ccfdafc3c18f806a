"""All rules of the checks, and problems in the formats of other programs (GitHub, SARIF 2.1.0)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from syndicate.model.edition import Problem, ProblemLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule; ``level`` is the highest level that it is reported with."""

    name: str
    level: ProblemLevel
    meaning: str
    remedy: str


_TABLE: Final = (
    Rule(
        name="front-matter",
        level="error",
        meaning="The front matter cannot be parsed. The last valid version stays published.",
        remedy="Correct the reported line, or restore the previous version.",
    ),
    Rule(
        name="lost-fence",
        level="error",
        meaning="A delimiter of the front matter is missing or damaged.",
        remedy="Write a line with only --- before the first key, and another after the last.",
    ),
    Rule(
        name="merge-conflict",
        level="error",
        meaning="The file begins with a merge conflict marker.",
        remedy="Keep one of the two versions and remove the markers.",
    ),
    Rule(
        name="over-limit",
        level="error",
        meaning="A file or its categories exceed `[limits]`. The last valid version stays.",
        remedy="Shorten the post, or raise the limit in the settings.",
    ),
    Rule(
        name="damaged-object",
        level="error",
        meaning="The content of a file is missing or damaged in git. The last valid version stays.",
        remedy="Run `git fsck` and restore the object from another clone.",
    ),
    Rule(
        name="duplicate-address",
        level="error",
        meaning="Two posts have the same URL. Of one source, only the first published is served.",
        remedy="Change the permalink of one of them.",
    ),
    Rule(
        name="duplicate-id",
        level="error",
        meaning="Two posts have the same ID in feeds. The first published keeps it.",
        remedy="Give each of them a `guid` of its own.",
    ),
    Rule(
        name="no-posts",
        level="error",
        meaning="A folder named in the settings has no posts.",
        remedy="Set the path of the folder from the root of the repository.",
    ),
    Rule(
        name="site-configuration",
        level="error",
        meaning="The site's own configuration cannot be read. The last valid version counts.",
        remedy="Correct the reported line, or restore the previous version.",
    ),
    Rule(
        name="changes-held",
        level="error",
        meaning="A commit of configuration changes over 20 posts and over a tenth of all.",
        remedy="Correct it, or run `syndicate refresh --accept-changes`.",
    ),
    Rule(
        name="source-failing",
        level="error",
        meaning="A source cannot be read, or an older commit than that of its branch is served.",
        remedy="Run `syndicate doctor` and follow its hints.",
    ),
    Rule(
        name="broken-scheme",
        level="error",
        meaning="The URL of a link or image has an unknown scheme, such as `htps:`.",
        remedy="Begin the URL with https://, or with / for a page of the site.",
    ),
    Rule(
        name="unclosed-comment",
        level="error",
        meaning="A comment is not closed, so all text after it is hidden.",
        remedy="Close it with -->.",
    ),
    Rule(
        name="too-slow",
        level="error",
        meaning="Rendering takes too long; readers see only the beginning.",
        remedy="Look for thousands of brackets, asterisks or nested lists; shorten or split it.",
    ),
    Rule(
        name="site-url",
        level="warning",
        meaning="The base URL in the site's own configuration is no URL of a public site.",
        remedy="Correct it, or set site_url of the source in the settings.",
    ),
    Rule(
        name="site-timezone",
        level="warning",
        meaning="The time zone in the site's own configuration does not exist.",
        remedy="Correct it, or set timezone of the source in the settings.",
    ),
    Rule(
        name="site-script",
        level="warning",
        meaning="A value of the site's own configuration is made by a program, which is not run.",
        remedy="Set the value in the settings.",
    ),
    Rule(
        name="commit-time",
        level="warning",
        meaning="The time of a commit is invalid, or after the year 9999; 1970 or 9999 is used.",
        remedy="Add a key date to each post that the commit added.",
    ),
    Rule(
        name="missing-date",
        level="warning",
        meaning="Neither the front matter nor the file name has the date of publication.",
        remedy="Add a key date.",
    ),
    Rule(
        name="impossible-date",
        level="warning",
        meaning="A date is invalid and is ignored.",
        remedy="Write the date as 2024-01-29, or as 2024-01-29 09:30:00 -0500.",
    ),
    Rule(
        name="date-conflict",
        level="warning",
        meaning="The front matter and the file name have different dates.",
        remedy="Use the same date in both.",
    ),
    Rule(
        name="missing-title",
        level="warning",
        meaning="The post has no title; its first heading or its file name is used.",
        remedy="Add a key title.",
    ),
    Rule(
        name="duplicate-key",
        level="warning",
        meaning="The front matter has a key twice; the last value is used.",
        remedy="Keep one of them.",
    ),
    Rule(
        name="unsupported-format",
        level="warning",
        meaning="A text in a folder of posts is in a format that is not read; it is not served.",
        remedy="Convert the post to Markdown or HTML, or move the file.",
    ),
    Rule(
        name="invalid-utf8",
        level="warning",
        meaning="The file has bytes that are not UTF-8; they appear as replacement characters.",
        remedy="Save the file as UTF-8.",
    ),
    Rule(
        name="permalink-template",
        level="warning",
        meaning="The permalink contains template code and is ignored.",
        remedy="Set the pattern as the permalink of the source in the settings.",
    ),
    Rule(
        name="image-alt",
        level="warning",
        meaning="An image, or the image of the carousel card, has no alternative text.",
        remedy='Describe what the image shows; in the text, write alt="" if it is decorative.',
    ),
    Rule(
        name="image-alt-file-name",
        level="warning",
        meaning="The alternative text of the post's image is a file name.",
        remedy="Describe what the image shows.",
    ),
    Rule(
        name="image-id",
        level="warning",
        meaning="The value for the post's image is not a path.",
        remedy="Write the path from the root of the site, with a slash at the beginning.",
    ),
    Rule(
        name="empty-link",
        level="warning",
        meaning="A link has no text; screen reader users cannot know where it leads.",
        remedy="Write a text that says where the link leads, or remove the link.",
    ),
    Rule(
        name="relative-link",
        level="warning",
        meaning="A relative link or image refers to a file that is not in the repository.",
        remedy="Correct the name of the file, or link to the URL of the page.",
    ),
    Rule(
        name="active-content",
        level="warning",
        meaning="A script, form, style or event handler was removed, or a frame became a link.",
        remedy="Link to the page that has it; for frames, add the host to the source's embeds.",
    ),
    Rule(
        name="too-large",
        level="warning",
        meaning="The text is so long that it slows the feed down for every reader.",
        remedy="Split the post, or move the long part to a document and link to it.",
    ),
    Rule(
        name="similar-category",
        level="warning",
        meaning="A category is probably a different spelling of a more common category.",
        remedy="Use the common spelling, or add an alias to the settings.",
    ),
    Rule(
        name="unknown-category",
        level="notice",
        meaning="The category is not in the settings, which list others, and no other post has it.",
        remedy="Use a category of the settings, or add this one to the settings.",
    ),
    Rule(
        name="category-name",
        level="notice",
        meaning="A category has neither letters nor digits, so that it has no URL; it is ignored.",
        remedy="Use a word as the category.",
    ),
    Rule(
        name="missing-file",
        level="notice",
        meaning="A path on the site refers to a file that is not in its folder in the repository.",
        remedy="Check the spelling; ignore this if the site generator creates the file.",
    ),
    Rule(
        name="title-markup",
        level="notice",
        meaning="The title contains HTML, which is removed.",
        remedy="Write the title without tags.",
    ),
    Rule(
        name="heading-level",
        level="notice",
        meaning="A heading skips a level.",
        remedy="Use the next level: screen reader users navigate by headings.",
    ),
    Rule(
        name="template",
        level="notice",
        meaning="Template code cannot be evaluated outside the site and was removed.",
        remedy="Write the resulting text, or define it in the source's replacements.",
    ),
    Rule(
        name="non-ascii-name",
        level="notice",
        meaning="The file name puts characters outside ASCII into the URL.",
        remedy="Rename the file, or give the post a permalink.",
    ),
    Rule(
        name="future-date",
        level="notice",
        meaning="The post is not published before its date.",
        remedy="Nothing, if this is intended.",
    ),
    Rule(
        name="expired",
        level="notice",
        meaning="The post has expired and is no longer published.",
        remedy="Nothing, if this is intended; otherwise remove the expiry date.",
    ),
)

RULES: Final = {rule.name: rule for rule in _TABLE}
"""All rules by name, the highest level first."""


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
    identity = f"{problem.source}\0{problem.rule}\0{problem.path}\0{problem.message}"
    digest = sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    return {
        "ruleId": problem.rule,
        "ruleIndex": _RULE_NAMES.index(problem.rule),
        "level": _SARIF_LEVELS[problem.level],
        "message": {"text": f"{problem.message}\n{problem.hint}".rstrip("\n")},
        "partialFingerprints": {"problem/v1": digest},
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
