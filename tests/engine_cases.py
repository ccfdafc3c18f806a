"""Small sites of many posts, and what their own engines make of them.

``tests/data/engines`` has the files of each site (TOML) and the output of the engine (JSON).
``python -m tests.engine_cases record [NAME…]`` runs the engines again, where they are installed;
`ELEVENTY` and `HUGO` name their programs.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "data" / "engines"
BASE_URL: Final = "https://www.agency.gov"

_JEKYLL_PAGE: Final = """---
layout: null
permalink: /recorded.json
---
[{% for collection in site.collections %}{% for page in collection.docs %}
{"title": {{ page.title | jsonify }}, "url": {{ page.url | absolute_url | jsonify }},
"published": {{ page.date | date: "%s" | jsonify }}, "excerpt": {{ page.excerpt | jsonify }},
"content": {{ page.content | jsonify }}},{% endfor %}{% endfor %}null]
"""
_HUGO_LAYOUT: Final = """[{{ range .Site.RegularPages }}
{"title": {{ .Title | jsonify }}, "url": {{ .Permalink | jsonify }},
"published": {{ if .Date.IsZero }}null{{ else }}"{{ .Date.Unix }}"{{ end }},
"excerpt": {{ if .Truncated }}{{ .Summary | jsonify }}{{ else }}null{{ end }},
"content": {{ .Content | jsonify }}},{{ end }}null]
"""
_ELEVENTY_CONFIGURATION: Final = """export default function (config) {
  config.addTemplate("recorded.11ty.js", {
    data: {permalink: "/recorded.json", eleventyExcludeFromCollections: true, layout: null},
    render({collections}) {
      return JSON.stringify(collections.all.map((page) => ({
        title: page.data.title, url: page.url && "%s" + page.url,
        published: String(page.date.getTime() / 1000), excerpt: null,
        content: page.templateContent,
      })));
    },
  });
  return {dir: {input: "%s"}};
}
"""


@dataclass(frozen=True, kw_only=True)
class EngineCase:
    """A site: its files, the settings of its source, and the pages that its engine publishes.

    ``different`` has fields of pages that Syndicate shows in another way, by title.
    """

    name: str
    engine: str
    files: Mapping[str, str | bytes]
    settings: Mapping[str, object]
    different: Mapping[str, Mapping[str, object]]

    @property
    def recorded(self) -> Path:
        """The file with the output of the engine."""
        return FOLDER / f"{self.name}.json"

    def pages(self) -> dict[str, Mapping[str, object]]:
        """Return the pages of the engine by their titles, with what is ``different`` put in.

        A page that is ``absent`` is not served. One that has a ``url`` there is served though the
        engine may not publish it.
        """
        recorded = json.loads(self.recorded.read_text())["pages"]
        found: dict[str, Mapping[str, object]] = {page["title"]: page for page in recorded}
        found = {title: page for title, page in self.different.items() if "url" in page} | found
        return {
            title: {**page, **self.different.get(title, {})}
            for title, page in found.items()
            if not self.different.get(title, {}).get("absent")
        }


def cases() -> Iterator[EngineCase]:
    """Yield the sites in ``tests/data/engines`` by name."""
    for path in sorted(FOLDER.glob("*.toml")):
        written = tomllib.loads(path.read_text())
        yield EngineCase(
            name=path.stem,
            engine=path.stem.partition("-")[0],
            files={
                name: each if isinstance(each, str) else each["text"].encode(each["encoding"])
                for name, each in written["files"].items()
            },
            settings=written.get("settings", {}),
            different=written.get("different", {}),
        )


def _write(files: Mapping[str, str | bytes], root: Path) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _run(command: list[str], root: Path) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stdout}\n{done.stderr}")
    return done.stdout


def _jekyll(case: EngineCase, root: Path) -> str:
    page = str(Path(str(case.settings.get("input", ""))) / "recorded.json")
    files = {"_config.yml": "", page: _JEKYLL_PAGE, **case.files}
    if not str(files["_config.yml"]).startswith("url:"):
        files["_config.yml"] = f"url: {BASE_URL}\n{files['_config.yml']!s}"
    _write(files, root)
    _run(["jekyll", "build", "--quiet", "--future"], root)
    return "Jekyll " + _run(["jekyll", "--version"], root).split()[-1]


def _hugo(case: EngineCase, root: Path) -> str:
    program = os.environ.get("HUGO", "hugo")
    config = case.files.get("hugo.toml", "")
    overlay = f'baseURL = "{BASE_URL}/"\n' if "baseURL" not in str(config) else ""
    files = {
        "layouts/index.json": _HUGO_LAYOUT,
        **case.files,
        "hugo.toml": f'{overlay}disableKinds = ["RSS", "sitemap"]\n{config!s}\n'
        '[outputs]\nhome = ["JSON"]\nsection = []\ntaxonomy = []\nterm = []\npage = ["HTML"]\n',
        "layouts/_default/single.html": "{{ .Content }}",
    }
    _write(files, root)
    _run([program, "--quiet"], root)
    for path in root.glob("public/**/index.json"):
        target = root / "_site" / path.relative_to(root).with_name("recorded.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    version = next(w for w in _run([program, "version"], root).split() if w.startswith("v0."))
    return f"Hugo {version[1:].partition('-')[0].partition('+')[0]}"


def _eleventy(case: EngineCase, root: Path) -> str:
    program = os.environ.get("ELEVENTY", "eleventy")
    source = str(case.settings.get("input", "."))
    files = {
        "package.json": '{"type": "module"}',
        **case.files,
        "eleventy.config.js": _ELEVENTY_CONFIGURATION % (BASE_URL, source),
    }
    _write(files, root)
    _run([program, "--quiet"], root)
    return "Eleventy " + _run([program, "--version"], root).strip()


_ENGINES: Final = {"jekyll": _jekyll, "hugo": _hugo, "eleventy": _eleventy}


def record(case: EngineCase) -> None:
    """Run the engine of ``case`` and store its version and its pages."""
    root = Path(tempfile.mkdtemp(prefix="engine-"))
    try:
        version = _ENGINES[case.engine](case, root)
        pages = [
            page
            for path in sorted(root.glob("_site/**/recorded.json"))
            for page in json.loads(path.read_text())
            if page
        ]
    finally:
        shutil.rmtree(root)
    text = json.dumps({"engine": version, "pages": pages}, indent=1, ensure_ascii=False)
    case.recorded.write_text(text + "\n")


if __name__ == "__main__":
    for each in cases():
        if not sys.argv[2:] or each.name in sys.argv[2:]:
            record(each)
