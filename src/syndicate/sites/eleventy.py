"""Eleventy: directory data, input folder, permalink templates (https://www.11ty.dev/docs/).

Measured with Eleventy 3.1.8. The configuration is a program: of it, only plain literals count.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final, cast

from typing_extensions import override

from syndicate.model.post import MARKDOWN_EXTENSIONS
from syndicate.model.url_patterns import (
    absolute,
    ascii_slug,
    encoded,
    encoded_permalink,
    matches_glob,
)
from syndicate.sites import markdown_settings
from syndicate.sites.configuration_reader import (
    ConfigurationReader,
    is_aside,
    left_out,
    packages,
    roots_by_package,
)
from syndicate.sites.post_folders import FolderSearch, FoundFolders
from syndicate.sites.script_literals import ScriptLiterals
from syndicate.sites.site import (
    NOT_CONFIGURED,
    CommitFiles,
    ConfiguredValue,
    FrontMatterDefaults,
    LinkedPages,
    Page,
    PostFolder,
    Site,
    day_inside,
    is_below,
    joined,
    plain_folder,
    stem,
)
from syndicate.sites.values import first_text, flag, language_tag, mapping, text, texts

CONFIGURATION_NAMES: Final = (
    *(".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs"),
    *("eleventy.config.ts", "eleventy.config.mts"),
)
_PAGES: Final = (*MARKDOWN_EXTENSIONS[:2], ".mdx", ".html", ".njk", ".liquid")
_GLOBAL_DATA: Final = ("site", "metadata", "meta", "config")
_INPUT_OPTION: Final = re.compile(r"--input[= ]([\w./-]+)")
_DATED: Final = re.compile(r"^\d{4}-\d{2}-\d{2}-(?=.)")
_EXPRESSION: Final = re.compile(r"\{\{-?\s*([\w.\-]+)\s*((?:\|[^{}|]*)*)-?\}\}")
_FILTER: Final = re.compile(r"\s*(\w+)\s*(?:[:(]\s*(['\"])([^'\"]*)\2\s*\)?)?\s*$")
_DATE_PATH: Final = re.compile(r"(?:to)?_?date_?path", re.IGNORECASE)
_DATE_LETTERS: Final = (
    *(("YYYY", "%Y"), ("yyyy", "%Y"), ("MM", "%m"), ("LL", "%m"), ("DD", "%d"), ("dd", "%d")),
)
_FILTERS: Final = frozenset(
    {"slug", "slugify", "date", "lower", "downcase", "upper", "upcase", "url", "safe"}
)
_PERMALINK_HINT: Final = "Set permalinks of the source in the settings."
_HIDING_KEYS: Final = ("eleventyExcludeFromCollections",)
_UNSET: Final = object()


@dataclass(frozen=True, slots=True)
class EleventyEngine(LinkedPages):
    """Sites made by Eleventy."""

    name: str = "eleventy"

    def roots(self, files: CommitFiles) -> tuple[str, ...]:
        """Return the folders with a configuration of Eleventy, or that depend on it."""
        return roots_by_package(files, "@11ty/eleventy", CONFIGURATION_NAMES)

    def read(self, files: CommitFiles, root: str) -> Site:
        """Return what the data files of the site in ``root`` say."""
        reader = ConfigurationReader(files)
        path = reader.first(*(joined(root, name) for name in CONFIGURATION_NAMES))
        package = reader.mapping(reader.first(joined(root, "package.json")))
        script = ScriptLiterals.of_file(reader, path)
        content = _input_folder(reader, script, package, root)
        data_folders = [joined(root, "_data"), joined(content, "_data")]
        data, data_path = _global_data(reader, data_folders)
        defaults = tuple(_directory_data(reader, content, script.argument("setDataFileBaseName")))
        tagged = [d.folder for d in defaults if d.collection and d.folder != content]
        search = FolderSearch(
            reader=reader,
            endings=_PAGES,
            declared=frozenset(folder.removeprefix(f"{content}/") for folder in tagged),
        )
        found = search.run(content)
        return Site(
            engine=self.name,
            root=root,
            content_root=content,
            base_url=_base_url(reader, data, data_path, (root, content, joined(root, "public")))
            or reader.package_homepage(root),
            timezone=ConfiguredValue(value="UTC", origin="default of Eleventy"),
            language=_language(data, data_path),
            title=_title(data, data_path),
            folders=tuple(_folders(found)),
            left_out=left_out(found.others),
            defaults=defaults,
            excluded=tuple(_ignored(reader, dict.fromkeys((root, content)))),
            authors=reader.authors(*(joined(folder, "authors") for folder in data_folders)),
            values=data,
            markdown=markdown_settings.of_eleventy(script, packages(package)),
            options={"hiding_keys": script.keys_that_drop_pages()},
            files=tuple(dict.fromkeys(reader.read_paths)),
            problems=(*reader.problems,),
        )

    def folder(self, path: str, site: Site) -> PostFolder:  # noqa: ARG002 — of the protocol
        """Return the folder at ``path`` as a folder of posts, which the operator says it is."""
        return plain_folder(path)

    def defaults(
        self, path: str, meta: Mapping[str, object], site: Site
    ) -> Mapping[str, tuple[object, str]]:
        """Return the directory data of the page at ``path``, the nearest first, and its day.

        Tags are left out: in directory data they make a collection, not a category.
        """
        found: dict[str, tuple[object, str]] = {}
        for each in site.defaults:
            if is_below(path, each.folder) or path.rpartition(".")[0] == each.folder:
                found |= {key: (value, each.origin) for key, value in each.values.items()}
        found.pop("tags", None)
        if "date" not in meta and (day := day_inside(path)):
            found.setdefault("date", (day, "path"))
        return found

    def hides(self, page: Page, site: Site) -> str:
        """Return why Eleventy does not list ``page`` as a post, empty if it does."""
        folder = site.folder_of(page.path)
        if folder is None:
            return "not in a folder of posts"
        for key in (*_HIDING_KEYS, "pagination", "override:tags"):
            value = page.meta.get(key, _UNSET)
            if value is not _UNSET and flag(value) is not False:
                return f"{key} takes the page out of its collection"
        for key in cast("tuple[str, ...]", site.options["hiding_keys"]):
            if flag(page.meta.get(key)):
                return f"{key}: true, which a preprocessor of the site drops"
        if flag(page.meta.get("permalink")) is False:
            return "permalink: false"
        if any(matches_glob(page.path, glob) for glob in site.excluded):
            return "ignored by .eleventyignore"
        inside = page.path.removeprefix(f"{folder.path}/").rpartition(".")[0]
        return "an index page" if inside == "index" else ""

    def url(self, page: Page, site: Site) -> ConfiguredValue:
        """Return the URL of ``page``: its ``permalink`` as a template, else its path."""
        computed = mapping(page.meta.get("eleventyComputed"))
        permalink = text(computed.get("permalink")) or text(page.meta.get("permalink"))
        filled = _filled(permalink, page, site) if permalink else None
        origin = "permalink" if filled is not None else "default of Eleventy"
        if filled is None:
            filled = encoded(_default_path(page.path, site))
        path = re.sub(r"(?:^|(?<=/))index\.html$", "", filled)
        return ConfiguredValue(value=absolute(path, site.base_url.value), origin=origin)

    @override
    def data_folders(self, site: Site) -> tuple[str, ...]:
        """Return the folders of global data files."""
        return (joined(site.content_root, "_data"), joined(site.root, "_data"))

    @override
    def page_values(self, path: str) -> Mapping[str, str]:
        """Return the values of Eleventy's ``page`` that the path decides."""
        return {"fileSlug": file_slug(path), "inputPath": f"./{path}"}


ELEVENTY: Final = EleventyEngine()


def _folders(found: FoundFolders) -> Iterator[PostFolder]:
    for folder, reason in found.posts.items():
        yield PostFolder(
            path=folder,
            kind="directory",
            name=folder.rpartition("/")[2],
            permalink=ConfiguredValue(origin="default of Eleventy"),
            origin=reason,
            is_shallow=folder in found.shallow,
        )


def _input_folder(
    reader: ConfigurationReader, script: ScriptLiterals, package: Mapping[str, object], root: str
) -> str:
    """Return the input folder: a literal, an option of a script, else where data files are."""
    named = script.text("input") or next(
        (
            option[1]
            for command in mapping(package.get("scripts")).values()
            if (option := _INPUT_OPTION.search(text(command)))
        ),
        "",
    )
    folder = joined(root, named.removeprefix("./").rstrip("/"))
    if named and next(iter(reader.below(folder)), None):
        return folder
    inside = (path.removeprefix(f"{root}/") if root else path for path in reader.below(root))
    found = {
        before.rstrip("/")
        for path in inside
        for mark in ("_includes/", "_data/")
        for before, mark_found, _ in [path.partition(mark)]
        if mark_found and not is_aside(before) and (not before or before.endswith("/"))
    }
    return joined(root, min(found, key=lambda name: (name.count("/"), name), default=""))


def _ignored(reader: ConfigurationReader, folders: Iterable[str]) -> Iterator[str]:
    """Yield the globs in the ``.eleventyignore`` files of ``folders``."""
    for folder in folders:
        path = joined(folder, ".eleventyignore")
        lines = reader.text(path).splitlines() if reader.exists(path) else []
        for line in lines:
            glob = line.strip().removeprefix("./").removesuffix("/**")
            if glob and not glob.startswith(("#", "!")):
                yield joined(folder, glob)


def _global_data(
    reader: ConfigurationReader, folders: list[str]
) -> tuple[Mapping[str, object], str]:
    for folder in folders:
        for name in _GLOBAL_DATA:
            path = reader.data_file(joined(folder, name))
            values = reader.mapping(path)
            if any(text(values.get(key)) for key in ("url", "title", "baseUrl")):
                return values, path
    return {}, ""


def _directory_data(
    reader: ConfigurationReader, content: str, own_name: str
) -> Iterator[FrontMatterDefaults]:
    """Yield the data of directories and of single files, the outermost directory first.

    Files with the data of a directory are called like it, else ``own_name``. ``collection`` is
    the first of its tags, by which its pages are a collection.
    """
    for path in sorted(reader.below(content), key=lambda path: (path.count("/"), path)):
        folder, _, name = path.rpartition("/")
        base = re.sub(r"(?:\.11tydata)?\.(json|c?js|mjs)$", "", name)
        directory = own_name or folder.rpartition("/")[2]
        if base == name or is_aside(folder) or (base != directory and ".11tydata." not in name):
            continue
        values = reader.mapping(path) if name.endswith(".json") else _literals(reader, path)
        computed = text(mapping(values.get("eleventyComputed")).get("permalink"))
        if _is_unknown(computed or text(values.get("permalink"))):
            what = f"permalink in {path} has a filter or tag of the site, which is not run"
            reader.report("site-script", path, what, _PERMALINK_HINT)
        yield FrontMatterDefaults(
            folder=folder if base == directory else joined(folder, base),
            collection=next(iter(texts(values.get("tags"))), "") if base == directory else "",
            values=values,
            origin=path,
        )


def _literals(reader: ConfigurationReader, path: str) -> Mapping[str, object]:
    """Return what plain literals in directory data say, which are a program here."""
    script = ScriptLiterals.of_file(reader, path)
    found: dict[str, object] = {
        key: value for key in ("permalink", "author") if (value := script.text(key))
    }
    flags = {key: script.flag(key) for key in ("permalink", *_HIDING_KEYS)}
    found |= {key: value for key, value in flags.items() if value is not None}
    if tags := script.texts("tags"):
        found["tags"] = list(tags)
    if script.has("permalink") and "permalink" not in found:
        what = f"permalink in {path} is made by a program, which is not run"
        reader.report("site-script", path, what, _PERMALINK_HINT)
    return found


def _base_url(
    reader: ConfigurationReader, data: Mapping[str, object], path: str, folders: Iterable[str]
) -> ConfiguredValue:
    """Return the URL in the data of the site, else of a ``CNAME`` or ``package.json``."""
    key, url = first_text(data, ("url", "baseUrl", "siteUrl"))
    if url.startswith("http"):
        return reader.base_url(url, f"{key} in {path}", path)
    found = (reader.cname(folder) for folder in folders)
    return next((each for each in found if each), NOT_CONFIGURED)


def _language(data: Mapping[str, object], path: str) -> ConfiguredValue:
    key, _ = first_text(data, ("lang", "language", "locale"))
    tag = language_tag(data.get(key))
    return ConfiguredValue(value=tag, origin=f"{key} in {path}") if tag else NOT_CONFIGURED


def _title(data: Mapping[str, object], path: str) -> ConfiguredValue:
    key, title = first_text(data, ("title", "name"))
    return ConfiguredValue(value=title, origin=f"{key} in {path}") if title else NOT_CONFIGURED


def _is_unknown(template: str) -> bool:
    """Return whether ``template`` holds more than values and filters that are known here."""
    rest = _EXPRESSION.sub("", template)
    filters = [
        found[1] if (found := _FILTER.match(each)) else ""
        for match in _EXPRESSION.finditer(template)
        for each in match[2].split("|")[1:]
    ]
    known = (each in _FILTERS or _DATE_PATH.fullmatch(each) for each in filters)
    return "{{" in rest or "{%" in rest or not all(known)


def _filled(template: str, page: Page, site: Site) -> str | None:
    """Return ``template`` with its expressions replaced; None if one of them is not known."""
    parts: list[str] = []
    end = 0
    for match in _EXPRESSION.finditer(template):
        value = _value(match[1], page, site)
        for name in match[2].split("|")[1:]:
            value = _filtered(value, name, page)
        if value is None:
            return None
        parts += encoded_permalink(template[end : match.start()]), encoded(value)
        end = match.end()
    rest = template[end:]
    if "{{" in "".join(parts) + rest or "{%" in template:
        return None
    return "".join((*parts, encoded_permalink(rest)))


def _value(name: str, page: Page, site: Site) -> str | None:
    if name == "page.fileSlug":
        return file_slug(page.path)
    if name == "page.filePathStem":
        inside = page.path.removeprefix(f"{site.content_root}/").rpartition(".")[0]
        folder, slash, last = f"/{inside}".rpartition("/")
        return f"{folder}{slash}{_DATED.sub('', last)}"
    if name in ("page.date", "date"):
        return "date"
    value: object = page.meta
    for key in name.split("."):
        value = mapping(value).get(key)
    return text(value) or None


def _filtered(value: str | None, name: str, page: Page) -> str | None:
    found = _FILTER.match(name)
    if value is None or found is None:
        return None
    if found[1] in ("slug", "slugify"):
        return ascii_slug(value)
    if value == "date":
        return _formatted(found[1], found[3] or "", page)
    lower, upper = value.lower(), value.upper()
    cases = {"lower": lower, "downcase": lower, "upper": upper, "upcase": upper}
    return {**cases, "url": value, "safe": value}.get(found[1])


def _formatted(name: str, pattern: str, page: Page) -> str | None:
    """Return the date of ``page`` by a date filter: strftime, or letters as in ``YYYY/MM/DD``.

    A filter of the site that is called a path of a date is read as year, month and day.
    """
    if page.published is None:
        return None
    if not pattern and _DATE_PATH.fullmatch(name):
        pattern = "%Y/%m/%d"
    if "%" not in pattern:
        for letters, directive in _DATE_LETTERS:
            pattern = pattern.replace(letters, directive)
    is_date = name.lower().endswith(("date", "path", "format", "strftime")) and "%" in pattern
    return page.published.astimezone(UTC).strftime(pattern) if is_date else None


def _default_path(path: str, site: Site) -> str:
    """Return the path of a page without permalink; an index page has the URL of its folder.

    So does a page that is called like its folder.
    """
    inside = path.removeprefix(f"{site.content_root}/").rpartition(".")[0]
    folder, _, name = inside.rpartition("/")
    if name == "index" or (folder and name == folder.rpartition("/")[2]):
        return f"{folder}/"
    return f"{inside}/"


def file_slug(path: str) -> str:
    """Return Eleventy's ``fileSlug``: the file name without day, of an index that of its folder."""
    name = stem(path)
    if name == "index":
        name = path.rpartition("/")[0].rpartition("/")[2]
    return _DATED.sub("", name)
