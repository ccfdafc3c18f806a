"""A hook of MkDocs: files that the documentation links to outside of docs/ become part of the site.

Without it, links to settings, units and manifests in deploy/ and to CHANGELOG.md would be broken.
"""

import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK: Final = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each linked file of the repository below ``repository/``, as it is."""
    root = Path(config.docs_dir).parent
    for page in files.documentation_pages():
        for link in _LINK.findall(page.content_string):
            target = _outside(link, page.src_uri, root)
            if target is not None:
                uri = _uri(target, root)
                if uri not in files.src_uris:
                    files.append(File.generated(config, uri, content=target.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 — the arguments that MkDocs gives
    """Point links out of docs/ to the copies."""
    root = Path(config.docs_dir).parent

    def replaced(match: re.Match[str]) -> str:
        target = _outside(match[1], page.file.src_uri, root)
        if target is None:
            return match[0]
        levels = page.file.src_uri.count("/")
        return f"]({'../' * levels}{_uri(target, root)}"

    return _LINK.sub(replaced, markdown)


def _outside(link: str, src_uri: str, root: Path) -> Path | None:
    """Return the file that ``link`` of a page names if it is outside of docs/, else None."""
    target = (root / "docs" / src_uri).parent.joinpath(link).resolve()
    is_ours = target.is_file() and target.is_relative_to(root)
    return target if is_ours and not target.is_relative_to(root / "docs") else None


def _uri(target: Path, root: Path) -> str:
    """Return where the copy is; Markdown gets another suffix, since it is not a page."""
    uri = f"repository/{target.relative_to(root).as_posix()}"
    return f"{uri}.txt" if uri.endswith((".md", ".toml", ".conf", ".service", ".py")) else uri
