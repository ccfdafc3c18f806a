"""Configuration is read as far as it can be; the rest counts as absent."""

from collections.abc import Iterable, Mapping

from typing_extensions import override

from syndicate.sites import find_sites
from syndicate.sites.configuration_reader import ConfigurationReader
from tests.sites.written_site import WrittenFiles, folders_of, post, site_of, url_of


class DamagedFiles(WrittenFiles):
    """Files that are listed but cannot be read."""

    @override
    def read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """Return nothing."""
        return {}


def test_a_file_that_cannot_be_read_is_empty() -> None:
    """Git may have lost it."""
    reader = ConfigurationReader(DamagedFiles({"a.js": "x", "a.yml": "a: b"}))
    assert reader.text("a.js") == ""
    assert reader.mapping("a.yml") == {}
    assert reader.read_paths == []


def test_a_page_whose_front_matter_cannot_be_read_counts_as_none() -> None:
    """The other pages of the folder decide."""
    broken = "---\ntitle: [\n---\n"
    files = {
        "hugo.toml": "",
        "content/a/x.md": broken,
        "content/a/y.md": post(title="Y", date="2024"),
    }
    assert list(folders_of(site_of("hugo", files))) == ["content/a"]
    only = {"hugo.toml": "", "content/a/x.md": broken}
    assert folders_of(site_of("hugo", only)) == {}


def test_an_absolute_permalink_stays_as_it_is() -> None:
    """Its site may be another one."""
    site = site_of("jekyll", {"_config.yml": "", "_posts/2024-05-06-a.md": ""})
    url = url_of(site, "_posts/2024-05-06-a.md", permalink="https://other.gov/a")
    assert url == "https://other.gov/a"


def test_a_folder_is_the_site_of_one_engine() -> None:
    """Where two could be, the one that has posts."""
    files = {
        "_config.yml": "",
        "_posts/2024-05-06-a.md": post(title="A"),
        "next.config.js": "",
        "blog/2024-05-06-b.md": post(title="B"),
    }
    assert [site.engine for site in find_sites(WrittenFiles(files))] == ["jekyll"]
    del files["_posts/2024-05-06-a.md"]
    assert [site.engine for site in find_sites(WrittenFiles(files))] == ["next"]
