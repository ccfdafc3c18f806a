"""A summary ends where the editor marked it, in the notation of the engine."""

import pytest

from syndicate.model.post import Path
from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content_repository import ContentRepository

CONFIGURATIONS = {
    "blog": ("docusaurus.config.js", "export default { url: 'https://agency.gov', baseUrl: '/' };"),
    "content": ("config.toml", 'base_url = "https://agency.gov"\n'),
}
POST = "---\ntitle: A\ndate: 2024-05-06\n---\nShort.\n\n{}\n\nLong.\n"


@pytest.mark.parametrize(
    ("path", "mark", "summary"),
    [
        ("blog/2024-05-06-a.md", "<!--truncate-->", "Short."),
        ("blog/2024-05-06-a.md", "<!-- truncate -->", "Short."),
        ("blog/2024-05-06-a.mdx", "{/* truncate */}", "Short."),
        ("blog/2024-05-06-a.mdx", "{/*truncate*/}", "Short."),
        ("blog/2024-05-06-a.md", "<!--more-->", ""),
        ("content/blog/a.md", "<!-- more -->", "Short."),
        ("content/blog/a.md", "<!--more-->", "Short."),
        ("content/blog/a.md", "<!--cut-->", ""),
    ],
)
def test_a_mark_ends_the_summary(
    content: ContentRepository, open_source: OpenSource, path: str, mark: str, summary: str
) -> None:
    """Blanks in it do not matter to Docusaurus and Zola."""
    name, configuration = CONFIGURATIONS[path.partition("/")[0]]
    content.commit({name: configuration, path: POST.replace("{}", mark, 1)})
    index = open_source(left_out())
    index.snapshot(index.repository.head())
    fields = index.parsed_file(Path(path), index.repository.head()).fields
    assert fields
    assert fields.summary == summary
