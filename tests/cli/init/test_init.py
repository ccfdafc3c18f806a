"""`syndicate init`."""

from pathlib import Path

import pytest

from syndicate.settings import load
from tests.cli.conftest import FILES, Run
from tests.content_repository import ContentRepository
from tests.corpora import clone

POST = "---\ntitle: {}\ndate: 2024-01-29\ntags: [a, b, 'c ${{X}}']\n---\nWords.\n"


def site(path: Path, *, branch: str = "main", config: str = "") -> ContentRepository:
    """Return a repository with three posts, and perhaps the settings of a site."""
    made = ContentRepository.create(path, branch=branch)
    posts: dict[str, str | None] = {f"_posts/{n}.md": POST.format(n) for n in "xyz"}
    posts["_drafts/a.md"] = POST.format("Draft")
    made.commit(posts | ({"_config.yml": config} if config else {}))
    return made


def test_written_settings_can_be_loaded(
    run: Run, tmp_path: Path, content: ContentRepository
) -> None:
    """Every detected value is valid, and the feeds have the posts."""
    out = tmp_path / "made" / "syndicate.toml"

    outcome = run("init", content.path, "--out", out)
    shown = run("show", "all", "--config", out)

    assert (outcome.code, outcome.out) == (0, "")
    assert f"{out} written: folders news, updates, dialect " in outcome.err
    assert "Set site_url in this file" in outcome.err
    assert shown.code == 0
    assert shown.out.count('"_syndicate":{"self"') == len(FILES) - 4


def test_detected_values_have_a_comment(run: Run, tmp_path: Path) -> None:
    """With the configuration file, whatever its content."""
    config = 'title: "A ${HOME} \\u0001 title"\nurl: https://www.example.gov\n'
    made = site(tmp_path / "My Site.git", config=config)
    out = tmp_path / "syndicate.toml"

    outcome = run("init", made.path, "--out", out)

    (source,) = load(out, {}).sources
    assert outcome.code == 0
    assert "Say in it" not in outcome.err
    assert 'site_url = "https://www.example.gov"  # url in _config.yml' in out.read_text()
    assert "# Not taken, though dated pages are there: _drafts" in out.read_text()
    assert (source.name, source.repository) == ("my-site", str(made.path))
    assert source.title == "A $ {HOME}  title"
    assert [term.category.slug for term in load(out, {}).vocabulary.definitions] == [
        "a",
        "b",
        "c-x",
    ]


def test_page_over_the_limit_is_not_read(run: Run, tmp_path: Path) -> None:
    """The guesses come from the other pages."""
    made = site(tmp_path / "site")
    made.commit({"_posts/large.md": POST.format("Large") + "x" * 1_100_000})
    out = tmp_path / "syndicate.toml"

    assert run("init", made.path, "--out", out).code == 0
    assert load(out, {}).sources[0].folders == ("_posts",)


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "folder", "dialect"),
    [
        ("usds", "_news-and-blog", "news-and-blog"),
        ("login", "content/_program_updates", "program-updates"),
        ("18f", "content/posts", "jekyll"),
    ],
)
def test_the_real_post_folders_are_recognized(
    run: Run, tmp_path: Path, name: str, folder: str, dialect: str
) -> None:
    """The folder and the dialect of each repository; every post is served."""
    cloned = clone(name, tmp_path)
    out = tmp_path / "syndicate.toml"

    assert run("init", cloned, "--out", out).code == 0

    (source,) = load(out, {}).sources
    assert (source.folders, source.dialect) == ((folder,), dialect)
    assert run("doctor", "--config", out).code == 0


@pytest.mark.parametrize("named", [".", "./", "../here"])
def test_repository_can_be_the_current_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """The settings name it relative to their file, so that both can be moved."""
    made = site(tmp_path / "here", branch="trunk")
    monkeypatch.chdir(made.path)

    assert run("init", named).code == 0

    (source,) = load(Path("syndicate.toml"), {}).sources
    assert (source.name, source.ref) == ("here", "HEAD")
    assert 'repository = "."' in Path("syndicate.toml").read_text()


def test_remote_is_fetched_and_named_by_its_url(run: Run, tmp_path: Path) -> None:
    """Its mirror is where the service expects it."""
    made = site(tmp_path / "site.git")
    out = tmp_path / "made" / "syndicate.toml"

    assert run("init", f"file://{made.path}", "--out", out).code == 0

    (source,) = load(out, {}).sources
    assert (source.name, source.repository) == ("site", f"file://{made.path}")
    assert (out.parent / "var" / "mirrors").is_dir()


def test_existing_settings_are_not_overwritten(
    run: Run, file: Path, content: ContentRepository
) -> None:
    """The file stays as it is."""
    before = file.read_text()

    outcome = run("init", content.path, "--out", file)

    assert outcome.code == 2
    assert "already exists" in outcome.err
    assert file.read_text() == before


def test_errors_of_init_have_a_hint(run: Run, tmp_path: Path, content: ContentRepository) -> None:
    """No repository, no commit, no posts, no file to write to."""
    fresh = ContentRepository.create(tmp_path / "fresh")
    empty = ContentRepository.create(tmp_path / "empty")
    empty.commit({"README.md": "# About"})
    (tmp_path / "b.toml").symlink_to(tmp_path / "nowhere" / "b.toml")

    nowhere = run("init", tmp_path / "nowhere", "--out", tmp_path / "a.toml")
    without = run("init", empty.path, "--out", tmp_path / "a.toml")
    unborn = run("init", fresh.path, "--out", tmp_path / "a.toml")
    blocked = run("init", content.path, "--out", tmp_path / "b.toml")

    assert [outcome.code for outcome in (nowhere, without, unborn, blocked)] == [1, 1, 1, 1]
    assert "main does not exist" in unborn.err
    assert "No such file" in nowhere.err
    assert "has no folder with dated posts" in without.err
    assert "cannot write" in blocked.err
    assert "File exists" in blocked.err
