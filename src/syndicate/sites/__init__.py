"""Sites: what a site's own configuration says, read as data out of the commit that is served.

One file an engine, each a line in `ENGINES`. Nothing of a site is run.
"""

import posixpath
from typing import Final

from syndicate.data_files import ENDINGS
from syndicate.model.post import MARKDOWN_EXTENSIONS
from syndicate.sites.astro import ASTRO
from syndicate.sites.astro import CONFIGURATION_NAMES as ASTRO_FILES
from syndicate.sites.docusaurus import CONFIGURATION_NAMES as DOCUSAURUS_FILES
from syndicate.sites.docusaurus import DOCUSAURUS
from syndicate.sites.eleventy import CONFIGURATION_NAMES as ELEVENTY_FILES
from syndicate.sites.eleventy import ELEVENTY
from syndicate.sites.hugo import CONFIGURATION_NAMES as HUGO_FILES
from syndicate.sites.hugo import HUGO
from syndicate.sites.jekyll import CONFIGURATION_NAMES as JEKYLL_FILES
from syndicate.sites.jekyll import JEKYLL
from syndicate.sites.next import CONFIGURATION_NAMES as NEXT_FILES
from syndicate.sites.next import NEXT
from syndicate.sites.site import CommitFiles, Site, SiteEngine
from syndicate.sites.zola import ZOLA

ENGINES: Final[dict[str, SiteEngine]] = {
    engine.name: engine for engine in (JEKYLL, HUGO, ZOLA, ELEVENTY, DOCUSAURUS, ASTRO, NEXT)
}
"""Every engine by its name; where several recognise a folder, the first that has posts counts."""


CONFIGURATION_NAMES: Final = (
    *JEKYLL_FILES,
    *HUGO_FILES,
    *("zola.toml", "CNAME", ".eleventyignore", ".tool-versions"),
    *("contentlayer.config.ts", "contentlayer.config.js"),
    *ELEVENTY_FILES,
    *DOCUSAURUS_FILES,
    *ASTRO_FILES,
    *NEXT_FILES,
)
"""Names of the files that sites are configured by; those of data files are not among them."""

_READ_ENDINGS: Final = (*ENDINGS, *MARKDOWN_EXTENSIONS, ".html", ".htm", ".njk", ".liquid")
"""Endings of data files and of pages whose front matter may be read."""
_SCRIPT_ENDINGS: Final = (".js", ".cjs", ".mjs")
_LOCK_FILES: Final = frozenset({"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml"})
"""Data files that say nothing of a site, and are large and changed often."""


def may_be_read(path: str) -> bool:
    """Return whether an engine may read the file at ``path``, regardless of other files.

    Of scripts, those with configuration, directory data of Eleventy, and routes of Astro.
    """
    folder, _, name = path.rpartition("/")
    if name in _LOCK_FILES:
        return False
    if name in CONFIGURATION_NAMES or path.lower().endswith(_READ_ENDINGS):
        return True
    if path.endswith(".astro"):  # a route of Astro names the collection that it shows
        return "[" in path
    stem, ending = posixpath.splitext(name)
    is_directory_data = stem.endswith(".11tydata") or stem == posixpath.basename(folder)
    return ending in _SCRIPT_ENDINGS and is_directory_data


def find_sites(files: CommitFiles) -> tuple[Site, ...]:
    """Return the sites of a commit that have folders of posts, the outermost of each engine first.

    A folder is read as the site of one engine only. A ``_posts`` folder makes a site of Jekyll
    without a configuration only where there is no other site, which may have such a folder, too.
    """
    found: dict[str, Site] = {}
    guessed: dict[str, Site] = {}
    for engine in ENGINES.values():
        for root in engine.roots(files):
            site = engine.read(files, root) if root not in found else None
            if site and site.folders:
                is_guess = engine is JEKYLL and not _is_configured(site, JEKYLL_FILES)
                (guessed if is_guess else found)[root] = site
    found = found or guessed
    return tuple(sorted(found.values(), key=lambda site: site.root.count("/") + bool(site.root)))


def _is_configured(site: Site, names: tuple[str, ...]) -> bool:
    return any(posixpath.basename(path) in names for path in site.files)
