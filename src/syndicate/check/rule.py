"""Every rule by which a post can be found wrong: how grave it is, what it means, what to do."""

from dataclasses import dataclass
from typing import Final

from syndicate.model.edition import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule; ``level`` is the gravest it is reported with, ``remedy`` what helps in general."""

    name: str
    level: Level
    meaning: str
    remedy: str


_TABLE: Final = (
    Rule(
        name="front-matter",
        level="error",
        meaning="The front matter cannot be read. The last version that could stays in service.",
        remedy="Correct the line that is named, or restore the version before it.",
    ),
    Rule(
        name="lost-fence",
        level="error",
        meaning="A fence around the front matter is missing or damaged.",
        remedy="Write --- alone on the first line, and again after the last key.",
    ),
    Rule(
        name="merge-conflict",
        level="error",
        meaning="The file begins with the marker of a merge conflict.",
        remedy="Choose one of the two versions and take the markers out.",
    ),
    Rule(
        name="over-limit",
        level="error",
        meaning="A file or its categories exceed `[limits]`. The last good version stays.",
        remedy="Shorten the post, or raise the limit in the settings.",
    ),
    Rule(
        name="damaged-object",
        level="error",
        meaning="The repository has lost a file's content. The last good version stays.",
        remedy="Run `git fsck` and restore the object from another clone.",
    ),
    Rule(
        name="duplicate-address",
        level="error",
        meaning="Two posts have one address. Within a source, only the first published is served.",
        remedy="Give one of them another permalink.",
    ),
    Rule(
        name="no-posts",
        level="error",
        meaning="A folder of the settings holds no posts.",
        remedy="Name the folder in the settings as it is in the repository, from its root.",
    ),
    Rule(
        name="source-failing",
        level="error",
        meaning="A source cannot be read, or what is served of it is older than its branch.",
        remedy="`syndicate doctor` says what to do.",
    ),
    Rule(
        name="broken-scheme",
        level="error",
        meaning="A link or image has an address that nothing can follow, such as `htps:`.",
        remedy="Begin it with https://, or with / for a page of the site.",
    ),
    Rule(
        name="unclosed-comment",
        level="error",
        meaning="A comment is never closed, so that all after it is hidden.",
        remedy="Close it with -->.",
    ),
    Rule(
        name="too-slow",
        level="error",
        meaning="Rendering takes too long; readers see the beginning only.",
        remedy="Look for thousands of brackets, asterisks or nested lists; shorten or split it.",
    ),
    Rule(
        name="commit-time",
        level="warning",
        meaning="A commit has no time that can be read, or one after the year 9999.",
        remedy="Give each post that it added a key date; the time counts as 1970 or 9999.",
    ),
    Rule(
        name="missing-date",
        level="warning",
        meaning="Neither front matter nor file name says when the post was published.",
        remedy="Give it a key date.",
    ),
    Rule(
        name="impossible-date",
        level="warning",
        meaning="What should be a date is none, and is passed over.",
        remedy="Write it as 2024-01-29, or as 2024-01-29 09:30:00 -0500.",
    ),
    Rule(
        name="date-conflict",
        level="warning",
        meaning="Front matter and file name name different days.",
        remedy="Make both the same.",
    ),
    Rule(
        name="missing-title",
        level="warning",
        meaning="The post has no title; its first heading or its file name stands for it.",
        remedy="Give it a key title.",
    ),
    Rule(
        name="duplicate-key",
        level="warning",
        meaning="A key stands in the front matter twice; the last one counts.",
        remedy="Keep one of them.",
    ),
    Rule(
        name="invalid-utf8",
        level="warning",
        meaning="Bytes are not UTF-8 and are shown as replacement characters.",
        remedy="Save the file as UTF-8.",
    ),
    Rule(
        name="permalink-template",
        level="warning",
        meaning="The permalink holds template code, which is not run; it is passed over.",
        remedy="Set the pattern as permalink of the source in the settings.",
    ),
    Rule(
        name="image-alt",
        level="warning",
        meaning="An image, also that of the carousel, has no alternative text.",
        remedy='Say what the image shows; in the text, write alt="" if it only decorates.',
    ),
    Rule(
        name="image-alt-file-name",
        level="warning",
        meaning="The alternative text of the post's image is a file name.",
        remedy="Say what the image shows.",
    ),
    Rule(
        name="image-id",
        level="warning",
        meaning="The post's image is named by something that is not a path.",
        remedy="Write the path from the root of the site, beginning with a slash.",
    ),
    Rule(
        name="empty-link",
        level="warning",
        meaning="A link has no text; people who hear the page cannot tell where it leads.",
        remedy="Say where it leads, or remove it.",
    ),
    Rule(
        name="relative-link",
        level="warning",
        meaning="A relative link or image names a file that the repository does not have.",
        remedy="Name the file as it is called now, or link the page by its address.",
    ),
    Rule(
        name="active-content",
        level="warning",
        meaning="A script, form, style or event handler was taken out, or a frame became a link.",
        remedy="Link to the page that has it; name the host in the source's embeds for frames.",
    ),
    Rule(
        name="too-large",
        level="warning",
        meaning="The text is so long that it weighs on everybody who reads the feed.",
        remedy="Split the post, or link to a document that holds the long part.",
    ),
    Rule(
        name="similar-category",
        level="warning",
        meaning="A category is likely another spelling of one that is used more.",
        remedy="Write it as the others do; an alias in the settings joins spellings for good.",
    ),
    Rule(
        name="unknown-category",
        level="notice",
        meaning="The settings have categories, but not this one, and no other post has it either.",
        remedy="Use one of the settings, or add it to them.",
    ),
    Rule(
        name="missing-file",
        level="notice",
        meaning="A path of the site names a file that is not in that folder of the repository.",
        remedy="Look for a slip of the pen; it is well if the site makes the file itself.",
    ),
    Rule(
        name="title-markup",
        level="notice",
        meaning="The title holds HTML, which is taken out.",
        remedy="Write the title without tags.",
    ),
    Rule(
        name="heading-level",
        level="notice",
        meaning="A heading skips a level.",
        remedy="Use the next level: people who hear a page find their way by its headings.",
    ),
    Rule(
        name="template",
        level="notice",
        meaning="Template code has no meaning outside the site and was left out.",
        remedy="Write what it stands for, or name that in the source's replacements.",
    ),
    Rule(
        name="non-ascii-name",
        level="notice",
        meaning="The file name puts other than ASCII into the address.",
        remedy="Rename the file, or give the post a permalink.",
    ),
    Rule(
        name="future-date",
        level="notice",
        meaning="The post is not shown before the date it bears.",
        remedy="Nothing, if that is meant.",
    ),
    Rule(
        name="expired",
        level="notice",
        meaning="The post is not shown any more.",
        remedy="Nothing, if that is meant; else remove the date on which it expires.",
    ),
)

RULES: Final = {rule.name: rule for rule in _TABLE}
"""Every rule by its name, the gravest first."""
