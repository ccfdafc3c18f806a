"""URLs of Hugo: languages, permalink tokens, slugs (https://gohugo.io/content-management/urls/)."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, cast

from syndicate.data_files import ENDINGS
from syndicate.model.languages import LANGUAGES
from syndicate.model.url_patterns import (
    absolute,
    date_tokens,
    encoded,
    encoded_permalink,
    filled,
    select_folders,
)
from syndicate.sites.configuration_reader import ConfigurationReader
from syndicate.sites.site import (
    SETTINGS_PATTERN,
    ConfiguredValue,
    Page,
    Site,
    is_below,
    joined,
    stem,
)
from syndicate.sites.values import base_url_error, flag, language_tag, mapping, text, texts

_PLACEHOLDER: Final = re.compile(r":([a-z]+)(?:\[([a-z0-9:]{0,12})\])?")
_KEPT: Final = frozenset("./\\_#+~-@")
"""What stays in paths besides letters, marks and digits."""
DATE_KEYS: Final = ("date", "publishdate", "pubdate", "published", "lastmod", "modified")
"""Keys of the front matter that Hugo takes the date from, in its order."""
_VERSION: Final = re.compile(
    r"hugo[\w-]{0,20}[\"']?\s{0,20}[:=\s]\s{0,20}[\"'^~=>v\s]{0,20}0\.(\d{2,3})\b", re.IGNORECASE
)
_DEFAULT_VERSION: Final = 111
_JOINS_WORDS: Final = 123
_DATED: Final = re.compile(r"^\d{4}-\d{2}-\d{2}[-_](?=.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of a site; ``prefix`` is what its URLs begin with, empty or ``/fr``."""

    key: str
    tag: str
    content: str
    prefix: str
    base_url: str
    title: str
    is_default: bool


def languages(
    config: Mapping[str, object], root: str, reader: ConfigurationReader
) -> tuple[Language, ...]:
    """Return the languages that are built, the default one first."""
    table = {
        key: mapping(value)
        for key, value in mapping(config.get("languages")).items()
        if flag(mapping(value).get("disabled")) is not True
    }
    default = text(config.get("defaultcontentlanguage")).lower() or "en"
    if table and default not in table:
        default = next(iter(table))
    in_folder = flag(config.get("defaultcontentlanguageinsubdir")) is True
    content = text(config.get("contentdir")) or "content"
    mounted = _mounts(config, default)
    if not config:
        suffixes = _suffixes(joined(root, content), reader)
        table = {key: {} for key in (default, *suffixes)}
    for key in table if len(table) > 1 else ():
        home = joined(root, content, key)
        if any(path.endswith(".md") for path in reader.below(home)):
            mounted.setdefault(key, joined(content, key))
    return tuple(
        Language(
            key=key,
            tag=language_tag(values.get("locale") or values.get("languagecode")) or key,
            content=joined(root, text(values.get("contentdir")) or mounted.get(key, content)),
            prefix="" if key == default and not in_folder else f"/{key}",
            base_url=_own_base_url(values),
            title=text(values.get("title")),
            is_default=key == default,
        )
        for key, values in sorted((table or {default: {}}).items(), key=lambda e: e[0] != default)
    )


def _suffixes(content: str, reader: ConfigurationReader) -> list[str]:
    """Return the languages in the names of pages, which a site without configuration may have."""
    endings = (stem(path).rpartition(".")[2] for path in reader.below(content))
    return sorted({ending for ending in endings if ending in LANGUAGES})


def _mounts(config: Mapping[str, object], default: str) -> dict[str, str]:
    """Return the folder that ``module.mounts`` has for the content of each language."""
    mounts = mapping(config.get("module")).get("mounts")
    found: dict[str, str] = {}
    for mount in mounts if isinstance(mounts, list) else []:
        values = {key.lower(): value for key, value in mapping(mount).items()}
        matrix = mapping(mapping(values.get("sites")).get("matrix"))
        for key in texts(matrix.get("languages")) or (text(values.get("lang")) or default,):
            if text(values.get("target")).strip("/") == "content":
                found.setdefault(key.lower(), text(values.get("source")))
    return found


def _own_base_url(values: Mapping[str, object]) -> str:
    url = text(values.get("baseurl"))
    return url.rstrip("/") if url and not base_url_error(url) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What URLs of a site depend on besides its patterns."""

    languages: tuple[Language, ...]
    sections: Mapping[tuple[str, str], None]
    """Folders with a list page, each with the language in the name of that page."""
    ugly_urls: object
    """Whether pages are files, for all sections or by section."""
    keeps_case: bool
    drops_accents: bool
    keys_before_name: tuple[str, ...] | None
    """Keys that count before the day in a file name, None if no day in a name counts."""
    is_named_date_first: bool
    """Whether the day in a file name counts before the keys of the front matter."""
    date_keys: tuple[str, ...]
    """Keys that the configuration names for the date, empty for those of Hugo."""
    joins_words: bool
    """Whether blanks and slashes become hyphens before punctuation is dropped (since 0.123)."""
    permalinks: Mapping[str, ConfiguredValue]
    """Patterns by section, in lower case."""


def rules(
    config: Mapping[str, object],
    built: tuple[Language, ...],
    root: str,
    reader: ConfigurationReader,
) -> Rules:
    """Return the rules for URLs that the configuration and the list pages make."""
    sections = {
        (path.rpartition("/")[0], stem(path).partition(".")[2].lower())
        for folder in dict.fromkeys(language.content for language in built)
        for path in reader.below(folder)
        if stem(path).partition(".")[0] == "_index"
    }
    dates = texts(mapping(config.get("frontmatter")).get("date"))
    return Rules(
        languages=built,
        sections=dict.fromkeys(sorted(sections)),
        ugly_urls=config.get("uglyurls"),
        keeps_case=flag(config.get("disablepathtolower")) is True,
        drops_accents=flag(config.get("removepathaccents")) is True,
        keys_before_name=_keys_before_name(dates),
        is_named_date_first=dates[:1] == (":filename",),
        date_keys=tuple(_date_keys(dates)),
        joins_words=_version(config, root, reader) >= _JOINS_WORDS,
        permalinks=_permalinks(mapping(config.get("permalinks"))),
    )


def _keys_before_name(dates: Sequence[str]) -> tuple[str, ...] | None:
    if ":filename" not in dates:
        return None
    return tuple(key.lower() for key in _date_keys(dates[: dates.index(":filename")]))


def _date_keys(dates: Iterable[str]) -> Iterator[str]:
    for each in dates:
        if each == ":default":
            yield from DATE_KEYS
        elif not each.startswith(":"):
            yield each


def _version(config: Mapping[str, object], root: str, reader: ConfigurationReader) -> int:
    """Return the number after "0." of the version that builds the site, as its files say it.

    Without any, that of Debian 12.
    """
    wanted = mapping(mapping(config.get("module")).get("hugoversion")).get("min")
    named = [f'hugo: "{text(wanted)}"'] if wanted else []
    workflows = (path for path in reader.below(".github/workflows") if path.endswith(ENDINGS))
    files = ("netlify.toml", "package.json", ".tool-versions", "mise.toml")
    own = dict.fromkeys(joined(folder, name) for folder in (root, "") for name in files)
    named += (reader.text(path) for path in (*own, *workflows) if reader.exists(path))
    found = (_VERSION.search(each) for each in named)
    return next((int(version[1]) for version in found if version), _DEFAULT_VERSION)


def rules_of(site: Site) -> Rules:
    """Return the rules that were read with ``site``."""
    return cast("Rules", site.options["rules"])


def _permalinks(table: Mapping[str, object]) -> dict[str, ConfiguredValue]:
    """Return the patterns of ``permalinks``, those for pages before those for all kinds."""
    found = {key: (f"permalinks.{key}", text(value)) for key, value in table.items()}
    found |= {
        key: (f"permalinks.page.{key}", text(value))
        for key, value in mapping(table.get("page")).items()
    }
    return {
        key: ConfiguredValue(value=value, origin=origin)
        for key, (origin, value) in found.items()
        if value
    }


def pattern(site: Site, folders: Sequence[str]) -> ConfiguredValue:
    """Return the pattern for pages in ``folders`` below the content folder."""
    default = ConfiguredValue(origin="default of Hugo")
    return rules_of(site).permalinks.get(folders[0].lower(), default) if folders else default


def is_in_cascade(path: str, scope: str) -> bool:
    """Return whether ``scope``, a folder or a glob, holds the page at ``path``."""
    if "*" not in scope and "{" not in scope:
        return is_below(path, scope) or path.rpartition(".")[0] == scope
    return fnmatchcase(path.rpartition(".")[0], scope.replace("/**", "/*").replace("**", "*"))


def name_of(path: str, site: Site) -> tuple[str, Language]:
    """Return the file name of a page without its ending and language, and the language."""
    built = rules_of(site).languages
    inside = [each for each in built if is_below(path, each.content)]
    longest = max((len(each.content) for each in inside), default=0)
    fitting = [each for each in inside if len(each.content) == longest] or built[:1]
    name, dot, ending = stem(path).rpartition(".")
    for language in built:
        if dot and ending.lower() == language.key:
            return name, language
    return stem(path), fitting[0]


def url(page: Page, site: Site) -> ConfiguredValue:
    """Return the URL of ``page``."""
    name, language = name_of(page.path, site)
    base = language.base_url or site.base_url.value
    is_own = not site.files and language.tag == site.language.value
    prefix = "" if language.base_url or is_own else language.prefix
    inside = page.path.removeprefix(f"{language.content}/").split("/")[:-1]
    permalink = pattern(site, inside)
    if page.pattern:
        permalink = ConfiguredValue(value=page.pattern, origin=SETTINGS_PATTERN)
    own = text(page.meta.get("url"))
    tokens = _tokens(page, site, name, language)
    if own:
        path = _filled(own, tokens)
        path = path if own.startswith("/") else f"{prefix}/{path}"
        return ConfiguredValue(value=absolute(with_slash(path), base), origin="url")
    if permalink:
        path = _filled(permalink.value, tokens)
        return ConfiguredValue(
            value=absolute(with_slash(f"{prefix}/{path}"), base), origin=permalink.origin
        )
    path = joined(tokens["directory"], _last(page, site, tokens))
    ugly = rules_of(site).ugly_urls
    is_ugly = flag(ugly) or flag(mapping(ugly).get(tokens["section"]))
    ending = ".html" if is_ugly else "/"
    return ConfiguredValue(
        value=absolute(f"{prefix}/{encoded(path)}{ending}", base), origin="default of Hugo"
    )


def with_slash(path: str) -> str:
    """Return ``path`` with a slash at the end unless its last part has an ending."""
    last = path.rpartition("/")[2]
    return path if "." in last.strip(".") and re.search(r"\.[A-Za-z]{2,5}$", last) else f"{path}/"


def _filled(pattern: str, tokens: Mapping[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        value = tokens.get(match[1])
        if value is None:
            return encoded_permalink(match[0])
        return encoded(select_folders(value, match[2]) if match[2] else value)

    return filled(pattern, _PLACEHOLDER, fill)


def _last(page: Page, site: Site, tokens: Mapping[str, str]) -> str:
    own = text(page.meta.get("slug"))
    return sanitized(own, site) if own else tokens["slugorcontentbasename"]


def _tokens(page: Page, site: Site, name: str, language: Language) -> Mapping[str, str]:
    """Return the values of the tokens of a pattern, and the directory of the page."""
    inside = page.path.removeprefix(f"{language.content}/").split("/")[:-1]
    sections = _sections(inside, language, site)
    if name == "index" and inside:
        name, inside = inside[-1], inside[:-1]
        sections = sections[: len(inside)]
    base = sanitized(hyphenated(name, site), site)
    slug = text(page.meta.get("slug"))
    if not slug and _DATED.match(name) and _is_dated_by_name(page, site):
        slug = _DATED.sub("", name)
    title = urlized(text(page.meta.get("title")), site) or base
    return {
        "directory": sanitized(hyphenated("/".join(inside), site), site),
        "section": sanitized(hyphenated(inside[0], site), site) if inside else "",
        "sections": sanitized(hyphenated("/".join(sections), site), site),
        "title": title,
        "slug": urlized(slug, site) or title,
        "name": base,
        "path": joined(sanitized(hyphenated("/".join(inside), site), site), base),
        "collection": sanitized(hyphenated(inside[0], site), site) if inside else "",
        "output_ext": ".html",
        "filename": base,
        "contentbasename": base,
        "slugorfilename": urlized(slug, site) or base,
        "slugorcontentbasename": urlized(slug, site) or base,
        **(date_tokens(page.published) if page.published else {}),
    }


def _is_dated_by_name(page: Page, site: Site) -> bool:
    """Return whether Hugo asks the file name for the date, which is then no part of the slug."""
    before = rules_of(site).keys_before_name
    return before is not None and not any(
        page.meta[key] for key in page.meta if key.lower() in before
    )


def _sections(folders: Sequence[str], language: Language, site: Site) -> list[str]:
    """Return those of ``folders`` that are sections: the first one, and those with a list page."""
    known, built = rules_of(site).sections, rules_of(site).languages
    is_alone = sum(each.content == language.content for each in built) == 1
    suffixes = ("", language.key) if language.is_default or is_alone else (language.key,)
    return [
        name
        for depth, name in enumerate(folders)
        if depth == 0
        or any(
            (joined(language.content, *folders[: depth + 1]), each) in known for each in suffixes
        )
    ]


def urlized(words: str, site: Site) -> str:
    """Return a title or slug as Hugo puts it into a pattern: a plus counts as a blank."""
    words = words.replace("/", "-") if rules_of(site).joins_words else words
    return sanitized(words.replace("+", " "), site)


def hyphenated(path: str, site: Site) -> str:
    """Return ``path`` with hyphens for blanks, if the version of the site does so first."""
    return path.replace(" ", "-") if rules_of(site).joins_words else path


def sanitized(path: str, site: Site) -> str:
    """Return ``path`` as Hugo publishes it: lower case, blanks as hyphens, no punctuation."""
    kept: list[str] = []
    after_blank = was_hyphen = False
    for letter in path:
        if letter in _KEPT or _is_word(letter):
            was_hyphen = letter == "-"
            if after_blank and not was_hyphen:
                kept.append("-")
            after_blank = False
            kept.append(letter)
        elif kept and not was_hyphen and letter.isspace():
            after_blank = True
    result = "".join(kept)
    if rules_of(site).drops_accents:
        plain = unicodedata.normalize("NFD", result)
        result = "".join(each for each in plain if unicodedata.category(each) != "Mn")
    return result if rules_of(site).keeps_case else result.lower()


def _is_word(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LM" or category == "Nd"
