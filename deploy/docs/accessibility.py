"""A hook of MkDocs: what the theme lacks for WCAG 2.2 AA, tests/system/test_docs.py looks at it."""

from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_SEARCH: Final = 'data-md-component="search" role="dialog"'


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the style sheet and the script that mkdocs.yml names."""
    for name in ("site.css", "site.js"):
        content = Path(__file__).with_name(name).read_bytes()
        files.append(File.generated(config, f"assets/{name}", content=content))
    return files


def on_page_content(html: str, **_: object) -> str:
    """Leave no cell of a table a header that is empty."""
    return html.replace("<th></th>", "<td></td>")


def on_post_page(output: str, **_: object) -> str:
    """Name the dialog of the search."""
    return output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"')
