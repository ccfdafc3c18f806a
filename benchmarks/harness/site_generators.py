"""Site generators that build the same posts: one page for each, and a feed of the newest 50."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.post_repository import PostRepository, path_of

ELEVENTY_FOLDER = Path("var/bench/generators").absolute()
"""Where Eleventy is installed, since Debian has no package of it."""

HUGO_SITE = """
baseURL = "https://www.example.gov/"
title = "Benchmark"
disableKinds = ["taxonomy", "term", "sitemap", "robotsTXT", "404"]
[outputs]
home = ["RSS"]
section = ["RSS"]
[services.rss]
limit = 50
"""
HUGO_FEEDS_ONLY = """
[[cascade]]
[cascade._build]
render = "never"
"""
HUGO_LAYOUTS = {
    "layouts/_default/single.html": "<!doctype html><h1>{{ .Title }}</h1>{{ .Content }}",
    "layouts/_default/list.html": "<!doctype html>{{ range .Pages }}{{ .Title }}{{ end }}",
}

JEKYLL_SITE = """
title: Benchmark
url: https://www.example.gov
permalink: /:year/:month/:day/:title/
defaults: [{scope: {path: "", type: posts}, values: {layout: post}}]
"""
JEKYLL_FEED = """---
---
<rss version="2.0"><channel><title>Benchmark</title>{% for post in site.posts limit:50 %}
<item><title>{{ post.title | xml_escape }}</title><guid>{{ post.url | absolute_url }}</guid>
<description>{{ post.content | xml_escape }}</description></item>{% endfor %}
</channel></rss>
"""

ELEVENTY_SITE = """module.exports = (site) => site.addCollection(
  "newest", (all) => all.getFilteredByGlob("posts/**/*.md").reverse().slice(0, 50));
"""
ELEVENTY_FEED = """---
permalink: feed.xml
---
<rss version="2.0"><channel><title>Benchmark</title>{% for post in collections.newest %}
<item><title>{{ post.data.title }}</title><guid>{{ post.url }}</guid>
<description>{{ post.templateContent }}</description></item>{% endfor %}
</channel></rss>
"""


@dataclass(frozen=True)
class SiteGenerator:
    """A site generator: its command, its installation, and the files of the site."""

    name: str
    command: tuple[str, ...]
    install: tuple[str, ...]
    posts_folder: str
    """The folder for the posts."""
    files: Mapping[str, str]
    max_posts: int
    """The largest number of posts that is worth the time."""

    def can_run(self) -> bool:
        """Install the generator if it is missing, and return whether it is installed."""
        with contextlib.suppress(OSError):
            if not shutil.which(self.command[0]):
                subprocess.run(self.install, check=False, capture_output=True)
        return shutil.which(self.command[0]) is not None


GENERATORS = (
    SiteGenerator(
        name="Hugo, feeds only",
        command=("hugo", "--quiet"),
        install=("apt-get", "install", "-qqy", "hugo"),
        posts_folder="content/posts",
        files={"config.toml": HUGO_SITE + HUGO_FEEDS_ONLY, **HUGO_LAYOUTS},
        max_posts=100_000,
    ),
    SiteGenerator(
        name="Hugo",
        command=("hugo", "--quiet"),
        install=("apt-get", "install", "-qqy", "hugo"),
        posts_folder="content/posts",
        files={"config.toml": HUGO_SITE, **HUGO_LAYOUTS},
        max_posts=10_000,
    ),
    SiteGenerator(
        name="Jekyll",
        command=("jekyll", "build", "-q"),
        install=("apt-get", "install", "-qqy", "jekyll"),
        posts_folder="_posts",
        files={
            "_config.yml": JEKYLL_SITE,
            "feed.xml": JEKYLL_FEED,
            "_layouts/post.html": "<!doctype html><h1>{{ page.title }}</h1>{{ content }}",
        },
        max_posts=1_000,
    ),
    SiteGenerator(
        name="Eleventy",
        command=(str(ELEVENTY_FOLDER / "node_modules" / ".bin" / "eleventy"), "--quiet"),
        install=(
            "npm",
            "install",
            "--silent",
            "--prefix",
            str(ELEVENTY_FOLDER),
            "@11ty/eleventy@3.1.2",
        ),
        posts_folder="posts",
        files={
            "eleventy.config.js": ELEVENTY_SITE,
            "feed.njk": ELEVENTY_FEED,
            "posts/posts.json": '{"layout": "post.njk"}',
            "_includes/post.njk": "<!doctype html><h1>{{ title }}</h1>{{ content | safe }}",
        },
        max_posts=1_000,
    ),
)


class BuiltSite:
    """A folder in which a generator has built a repository of posts."""

    def __init__(self, generator: SiteGenerator, content: PostRepository, folder: Path) -> None:
        self._command = generator.command
        self._folder = folder
        posts = folder / generator.posts_folder
        posts.mkdir(parents=True)
        archive = ["git", "-C", str(content.folder), "archive", "main:posts"]
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as git:
            subprocess.run(["tar", "-x", "-C", str(posts)], stdin=git.stdout, check=True)
        self._newest = posts / path_of(content.posts - 1).removeprefix("posts/")
        for name, text in generator.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.build()

    def build(self) -> float:
        """Change the newest post, rebuild the site, and return the duration."""
        self._newest.write_text(f"{self._newest.read_text()}\nOne more sentence.\n")
        started = time.perf_counter()
        subprocess.run(self._command, cwd=self._folder, check=True, capture_output=True)
        return time.perf_counter() - started
