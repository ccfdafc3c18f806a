"""All rules of the checks, with their levels and what they mean."""

from dataclasses import dataclass
from typing import Final

from syndicate.model.edition import ProblemLevel


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
        meaning="The file has merge conflict markers. The last valid version stays published.",
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
        name="no-front-matter",
        level="warning",
        meaning="A text in a folder of posts has no front matter; it is not served.",
        remedy="Begin the file with front matter, or move it out of the folder.",
    ),
    Rule(
        name="cut-off-title",
        level="warning",
        meaning="YAML reads what follows a space and # as a remark: the title ends before it.",
        remedy="Write the title in quotation marks.",
    ),
    Rule(
        name="misspelled-key",
        level="warning",
        meaning="A key is unknown, and differs by one letter from a known key that is missing.",
        remedy="Correct the key.",
    ),
    Rule(
        name="not-boolean",
        level="warning",
        meaning="A value such as `carousel_show: yess` is neither true nor false and is ignored.",
        remedy="Write true or false.",
    ),
    Rule(
        name="language-tag",
        level="warning",
        meaning="The language is no code of BCP 47; the language of the source is used.",
        remedy="Write en for English or es for Spanish.",
    ),
    Rule(
        name="author-name",
        level="warning",
        meaning="The author of the post is a number.",
        remedy="Write the name as readers should see it.",
    ),
    Rule(
        name="permalink-characters",
        level="warning",
        meaning="The permalink has a space, a question mark or the like; the URL encodes it.",
        remedy="Use letters, digits and hyphens.",
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
        meaning="A link has no text, or leads nowhere.",
        remedy="Write a text that says where the link leads, and its URL, or remove the link.",
    ),
    Rule(
        name="local-link",
        level="warning",
        meaning="A link leads to the editor's own computer, such as `http://localhost:4000/`.",
        remedy="Write the address of the page on the public site.",
    ),
    Rule(
        name="empty-body",
        level="warning",
        meaning="The post has no text.",
        remedy="Write it, or set `draft: true` until then.",
    ),
    Rule(
        name="carousel-image",
        level="warning",
        meaning="The post is in the carousel and has no picture.",
        remedy="Add `carousel_image` and `carousel_image_alt_text`, or a picture to the text.",
    ),
    Rule(
        name="expires-first",
        level="warning",
        meaning="The post expires before it is published.",
        remedy="Correct one of the two dates.",
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
        name="no-category",
        level="notice",
        meaning="The post has no category, unlike nearly all posts of its source.",
        remedy="Add a category; without one the post is in no feed of a category.",
    ),
    Rule(
        name="category-name",
        level="notice",
        meaning="A category has neither letters nor digits: it is ignored, or an emoji is named.",
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
