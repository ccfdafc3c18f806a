"""URLs of files on the pages of a git host."""

import pytest

from syndicate.model.git_host import GitHost

COMMIT = "c0ffee"


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (
            "https://github.com/example/site.git",
            "https://github.com/example/site/blob/c0ffee/news/a%20b.md?plain=1#L7",
        ),
        (
            "https://token:x@github.example.gov:8443/example/site/",
            "https://github.example.gov:8443/example/site/blob/c0ffee/news/a%20b.md?plain=1#L7",
        ),
        (
            "git@gitlab.com:group/sub/site.git",
            "https://gitlab.com/group/sub/site/-/blob/c0ffee/news/a%20b.md?plain=1#L7",
        ),
        (
            "ssh://git@gitlab.example.gov:2222/group/site.git",
            "https://gitlab.example.gov/group/site/-/blob/c0ffee/news/a%20b.md?plain=1#L7",
        ),
        (
            "https://codeberg.org/example/site",
            "https://codeberg.org/example/site/src/commit/c0ffee/news/a%20b.md?plain=1#L7",
        ),
    ],
)
def test_file_has_a_url_with_its_line(repository: str, expected: str) -> None:
    """Without credentials and the port of ssh."""
    host = GitHost.from_repository(repository)
    assert host is not None
    assert host.file_url(COMMIT, "news/a b.md", 7) == expected


def test_file_and_commit_have_urls() -> None:
    """A branch may be meant; a name that is not UTF-8 is encoded as it is."""
    host = GitHost.from_repository("https://gitlab.com/group/site")
    assert host is not None
    assert host.file_url("fix#7/a", "\udcff.md").endswith("/group/site/-/blob/fix%237/a/%FF.md")
    assert host.commit_url(COMMIT) == "https://gitlab.com/group/site/-/commit/c0ffee"


@pytest.mark.parametrize(
    "repository",
    [
        "/srv/github/site.git",
        "https://git.example.gov/site.git",
        "file://github.com/site",
        "https://github.com/",
        "",
    ],
)
def test_other_repositories_have_no_pages(repository: str) -> None:
    """Folders, unknown hosts, and a host without a repository."""
    assert GitHost.from_repository(repository) is None
