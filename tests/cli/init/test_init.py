"""`syndicate init`."""

import io
import json
from pathlib import Path

import pytest
from typing_extensions import override

from syndicate.cli.init.config_template import source_names
from syndicate.cli.init.site_detection import DetectedSite
from syndicate.settings import load
from syndicate.sites.site import Site
from tests.cli.conftest import FILES, Run
from tests.content_repository import ContentRepository
from tests.corpora import clone

HUGO_LANGUAGES = """
baseURL = "https://agency.gov"
[languages.en]
contentDir = "content/en"
[languages.es]
contentDir = "content/es"
baseURL = "https://es.agency.gov"
[languages.fr]
contentDir = "content/fr"
"""
POST = "---\ntitle: {}\ndate: 2024-01-29\ntags: [a, b, 'c ${{X}}']\n---\nWords.\n"

SEVERAL_SITES: dict[str, str | None] = {
    "_config.yml": "url: https://agency.gov\ntimezone: Mars\n",
    "_posts/2024-05-06-a.md": POST.format("A"),
    "sub/hugo.toml": "baseURL = 'https://sub.agency.gov'",
    "sub/content/news/b.md": POST.format("B"),
    "sub/content/news/c.md": POST.format("C"),
    "sub/content/news/d.md": "---\ntitle: D\ndraft: true\n---\n",
    "zola/config.toml": "base_url = 'https://'",
    "zola/content/blog/_index.md": "+++\n+++\n",
    "zola/content/blog/o.md": "+++\ntitle = 'O'\ndate = 2024-01-29\n+++\n",
    "inside/_config.yml": "title: Inside\n",
    "inside/_posts/2024-05-06-i.md": POST.format("I"),
}


class Terminal(io.StringIO):
    """What somebody types."""

    @override
    def isatty(self) -> bool:
        return True


def site(path: Path, *, branch: str = "main", config: str = "") -> ContentRepository:
    """Return a repository with three posts, and perhaps the settings of a site."""
    made = ContentRepository.create(path, branch=branch)
    posts: dict[str, str | None] = {f"_posts/{n}.md": POST.format(n) for n in "xyz"}
    posts["_drafts/a.md"] = POST.format("Draft")
    made.commit(posts | ({"_config.yml": config} if config else {}))
    return made


def served(run: Run, settings: Path) -> set[tuple[str, str]]:
    """Return URL and language of each post that is served with ``settings``."""
    items = json.loads(run("show", "all", "--config", settings).out)["items"]
    return {(item["url"], item["language"]) for item in items}


def test_what_is_written_can_be_served(
    run: Run, tmp_path: Path, content: ContentRepository
) -> None:
    """Every guess is a setting that holds; only the URL of the site is to be put in."""
    out = tmp_path / "made" / "syndicate.toml"

    outcome = run("init", content.path, "--out", out)
    refused = run("show", "all", "--config", out)
    out.write_text(
        out.read_text().replace('# site_url = "https://…"', 'site_url = "https://a.gov"')
    )
    shown = run("show", "all", "--config", out)

    assert (outcome.code, outcome.out) == (0, "")
    assert f"{out} written: folders news, updates, dialect " in outcome.err
    assert "Set site_url in this file" in outcome.err
    assert "nothing says where its site is" in refused.err
    assert shown.code == 0
    assert shown.out.count('"_syndicate":{"self"') == len(FILES) - 4


def test_most_is_left_to_the_configuration_of_the_site(run: Run, tmp_path: Path) -> None:
    """What was found stands in comments, and the newest posts with their URLs on the terminal."""
    config = 'title: "A ${HOME} \\u0001 title"\nurl: https://agency.gov\npermalink: /:title/\n'
    made = site(tmp_path / "My Site.git", config=config)
    made.commit({f"_posts/2024-05-0{n}-p.md": POST.format(n) for n in "12"})
    made.commit({"_config.yml": config + "collections: {docs: {output: true}}\n"})
    out = tmp_path / "syndicate.toml"

    outcome = run("init", made.path, "--out", out)
    shown = run("config", "show", "--derived", "--config", out)

    (source,) = load(out, {}).sources
    text = out.read_text()
    assert outcome.code == 0
    assert (source.name, source.repository) == ("my-site", str(made.path))
    assert (source.id_authority, source.site_url, source.folders) == ("agency.gov", "", ())
    assert "# site_url: https://agency.gov (url in _config.yml)" in text
    assert "# folder _posts: _posts /:title/ (permalink in _config.yml)" in text
    assert "# not taken: _docs: no pages" in text
    assert "# timezone: not said" in text
    assert load(out, {}).service_info.title == "A $ {HOME}  title"
    assert "_posts/2024-05-02-p.md -> https://agency.gov/p/" in outcome.err
    assert "not taken: _docs" in outcome.err
    assert "Set site_url" not in outcome.err
    assert 'sources[0].site_url = "https://agency.gov"' in shown.out
    assert "# url in _config.yml" in shown.out


def test_keys_of_the_site_are_settings(run: Run, tmp_path: Path) -> None:
    """What says the title, the author and the date under another key than usual."""
    made = ContentRepository.create(tmp_path / "site", branch="master")
    page = "---\nheadline_title: {}\nwritten_by: Ann\nwent_published: 2024-05-06\n---\nWords.\n"
    made.commit(
        {
            "eleventy.config.js": "",
            "posts/posts.json": '{"tags": "posts", "postAuthors": {"a": "b"}}',
            **{f"posts/{n}.md": page.format(n) for n in "xyz"},
            "posts/broken.md": "---\ntitle: [\n---\n",
            "posts/plain.md": "No front matter.",
            "posts/out.md": "---\neleventyExcludeFromCollections: true\n---\n",
        }
    )
    out = tmp_path / "syndicate.toml"

    outcome = run("init", made.path, "--out", out)

    (source,) = load(out, {}).sources
    assert outcome.code == 0
    assert "3 posts of a site made with eleventy" in outcome.err
    assert source.ref == "master"
    assert dict(source.keys) == {
        "title": ("title", "headline_title"),
        "authors": ("authors", "written_by"),
        "published": ("date", "went_published"),
    }
    assert "posts/x.md -> /posts/x/" in outcome.err
    assert '# site_url = "https://…"' in out.read_text()


def test_each_site_of_a_repository_is_a_source(run: Run, tmp_path: Path) -> None:
    """The first without folders, the others by their folders; problems are comments."""
    made = ContentRepository.create(tmp_path / "site")
    made.commit(SEVERAL_SITES)
    out = tmp_path / "syndicate.toml"

    outcome = run("init", made.path, "--out", out)

    assert outcome.code == 0
    found = {source.name: source for source in load(out, {}).sources}
    assert {name: source.folders for name, source in found.items()} == {
        "site": (),
        "site-sub": ("sub/content/news",),
        "site-zola": ("zola/content/blog",),
    }
    assert found["site-sub"].id_authority == "sub.agency.gov"
    assert "# problem: timezone in _config.yml is no IANA time zone: Mars" in out.read_text()
    assert "source site-sub, 2 posts of a site made with hugo" in outcome.err
    assert "sub/content/news/b.md -> https://sub.agency.gov/news/b/" in outcome.err
    assert "Set site_url in this file (source site-zola)" in outcome.err
    text = out.read_text()
    out.write_text(text.replace('# site_url = "https://…"', 'site_url = "https://other.gov"'))
    assert {url for url, _ in served(run, out)} == {
        "https://agency.gov/2024/01/29/a.html",
        "https://agency.gov/inside/2024/01/29/i.html",
        "https://other.gov/blog/o/",
        "https://sub.agency.gov/news/b/",
        "https://sub.agency.gov/news/c/",
    }


def test_a_language_on_another_host_is_a_source(run: Run, tmp_path: Path) -> None:
    """With that host as site and as authority of IDs; one below a path is not."""
    made = ContentRepository.create(tmp_path / "site")
    made.commit(
        {
            "hugo.toml": HUGO_LANGUAGES,
            **{
                f"content/{lang}/news/{n}.md": POST.format(n)
                for lang in ("en", "es", "fr")
                for n in "xy"
            },
        }
    )
    out = tmp_path / "syndicate.toml"

    assert run("init", made.path, "--out", out).code == 0

    first, second = load(out, {}).sources
    assert (first.name, first.folders) == ("site", ("content/en/news", "content/fr/news"))
    assert (second.name, second.folders) == ("site-es", ("content/es/news",))
    assert (second.site_url, second.id_authority) == ("https://es.agency.gov", "es.agency.gov")
    assert served(run, out) == {
        *((f"https://agency.gov/news/{n}/", "en") for n in "xy"),
        *((f"https://es.agency.gov/news/{n}/", "es") for n in "xy"),
        *((f"https://agency.gov/fr/news/{n}/", "fr") for n in "xy"),
    }


def test_sources_of_one_repository_have_different_names() -> None:
    """Also where neither folder nor language tells them apart."""
    sites = [
        DetectedSite(site=Site(engine="hugo", root=root), keys={}, posts=(), language=language)
        for root, language in (("", ""), ("", ""), ("A/b", "es"), ("", "es"), ("", ""))
    ]
    assert source_names("news", sites) == ["news", "news-2", "news-a-b-es", "news-es", "news-3"]


def test_future_and_hidden_posts_are_not_shown(run: Run, tmp_path: Path) -> None:
    """At most ten that are published, the newest first."""
    made = site(tmp_path / "site", config="url: https://agency.gov\npermalink: /:title/\n")
    dated = {f"_posts/2024-02-{n:02}-p{n}.md": "---\ntitle: P\n---\n" for n in range(1, 15)}
    made.commit({**dated, "_posts/2999-01-01-late.md": POST.format("Late")})
    made.commit({"_posts/2999-01-01-late.md": "---\ntitle: Late\n---\n"})
    made.commit({"_posts/2024-03-01-off.md": "---\ntitle: Off\npublished: false\n---\n"})

    outcome = run("init", made.path, "--out", tmp_path / "syndicate.toml")

    shown = [line.split(" -> ")[1] for line in outcome.err.splitlines() if " -> " in line]
    assert shown == [f"https://agency.gov/p{n}/" for n in range(14, 4, -1)]
    assert "14 posts of a site" in outcome.err


def test_a_source_is_added_to_settings_that_are_there(run: Run, tmp_path: Path, file: Path) -> None:
    """The rest of the file stays as it is; what the loader refuses is taken back."""
    made = site(tmp_path / "more", config="url: https://agency.gov\n")
    before = file.read_text()

    added = run("init", made.path, "--add", "--out", file)
    text = file.read_text()
    again = run("init", made.path, "--add", "--out", file)

    assert (added.code, again.code) == (0, 2)
    assert text.startswith(before)
    assert file.read_text() == text
    assert [source.name for source in load(file, {}).sources][-1] == "more"
    assert "not unique" in again.err


def test_a_source_is_added_to_an_empty_file(run: Run, tmp_path: Path) -> None:
    """As if there were no file."""
    made = site(tmp_path / "site", config="url: https://agency.gov\n")
    empty, new = tmp_path / "empty.toml", tmp_path / "new.toml"
    empty.touch()

    assert run("init", made.path, "--add", "--out", empty).code == 0
    assert run("init", made.path, "--out", new).code == 0
    assert empty.read_text() == new.read_text()


def test_settings_that_the_loader_refuses_are_not_left(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the URL of the site is asked for."""
    made = site(tmp_path / "site", config="title: T\n")
    made.commit({"_posts/2024-05-06-a.md": POST.format("A")})
    out = tmp_path / "syndicate.toml"
    monkeypatch.setattr("sys.stdin", Terminal("no url\n https://agency.gov \n"))

    refused = run("init", made.path, "--out", out)
    left = out.exists()
    done = run("init", made.path, "--out", out)

    assert (refused.code, left, done.code) == (2, False, 0)
    assert load(out, {}).sources[0].site_url == "https://agency.gov"
    assert "Set site_url" not in done.err


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
    """Each has one folder and its own dialect; every post is served."""
    cloned = clone(name, tmp_path)
    out = tmp_path / "syndicate.toml"

    assert run("init", cloned, "--out", out).code == 0

    (source,) = load(out, {}).sources
    assert (source.folders, source.dialect) == ((folder,), dialect)
    out.write_text(
        out.read_text().replace('# site_url = "https://…"', 'site_url = "https://a.gov"')
    )
    assert run("doctor", "--config", out).code == 0


@pytest.mark.parametrize("named", [".", "./", "../here"])
def test_the_repository_can_be_the_folder_one_is_in(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Its settings name it as it is seen from them, so that both can be moved together."""
    made = site(tmp_path / "here", branch="trunk")
    monkeypatch.chdir(made.path)

    assert run("init", named).code == 0

    (source,) = load(Path("syndicate.toml"), {}).sources
    assert (source.name, source.ref) == ("here", "HEAD")
    assert 'repository = "."' in Path("syndicate.toml").read_text()


def test_a_remote_is_fetched_and_named_by_its_address(run: Run, tmp_path: Path) -> None:
    """A mirror of it is where the service will look for one."""
    made = site(tmp_path / "site.git")
    out = tmp_path / "made" / "syndicate.toml"

    assert run("init", f"file://{made.path}", "--out", out).code == 0

    (source,) = load(out, {}).sources
    assert (source.name, source.repository) == ("site", f"file://{made.path}")
    assert (out.parent / "var" / "mirrors").is_dir()


def test_settings_that_are_there_stay(run: Run, file: Path, content: ContentRepository) -> None:
    """Nobody's work is written over."""
    before = file.read_text()

    outcome = run("init", content.path, "--out", file)

    assert outcome.code == 2
    assert "already exists" in outcome.err
    assert file.read_text() == before


@pytest.mark.parametrize("option", [(), ("--add",)])
def test_folder_is_no_settings_file(
    run: Run, tmp_path: Path, content: ContentRepository, option: tuple[str, ...]
) -> None:
    """The message says what to name instead."""
    outcome = run("init", content.path, "--out", tmp_path, *option)

    assert outcome.code == 2
    assert f"{tmp_path} is a folder" in outcome.err


def test_impossible_request_is_an_error(
    run: Run, tmp_path: Path, content: ContentRepository
) -> None:
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
