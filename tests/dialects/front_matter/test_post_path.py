"""The parts of a post's path: folder, name, date and language."""

import re
from datetime import date

import pytest

from syndicate.dialects.front_matter.permalink import PostPath, parse_post_path, split_at_folder
from syndicate.model.post import Path
from tests.samples import source

LANGUAGES = re.compile(r"\.(es|fr-CA|fr_CA)$")
SOURCE = source(folders=(Path("content/posts"), Path("content"), Path("./news/")))


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (
            "content/posts/2024-01-29-forms.md",
            PostPath(
                folder="content/posts",
                parents=(),
                name="2024-01-29-forms",
                undated_name="forms",
                day=date(2024, 1, 29),
                language="",
                is_bundle=False,
            ),
        ),
        (
            "content/guides/forms/index.es.md",
            PostPath(
                folder="content",
                parents=("guides",),
                name="forms",
                undated_name="forms",
                day=None,
                language="es",
                is_bundle=True,
            ),
        ),
        (
            "news/a.b/v1.2.fr_CA.markdown",
            PostPath(
                folder="news",
                parents=("a.b",),
                name="v1.2",
                undated_name="v1.2",
                day=None,
                language="fr-CA",
                is_bundle=False,
            ),
        ),
        (
            "elsewhere/index.html",
            PostPath(
                folder="",
                parents=(),
                name="elsewhere",
                undated_name="elsewhere",
                day=None,
                language="",
                is_bundle=True,
            ),
        ),
        (
            "news/index.md",
            PostPath(
                folder="news",
                parents=(),
                name="index",
                undated_name="index",
                day=None,
                language="",
                is_bundle=False,
            ),
        ),
        (
            "news/LICENSE",
            PostPath(
                folder="news",
                parents=(),
                name="LICENSE",
                undated_name="LICENSE",
                day=None,
                language="",
                is_bundle=False,
            ),
        ),
    ],
)
def test_path_is_split_into_parts(path: str, where: PostPath) -> None:
    """The innermost configured folder counts; a bundle has the name of its folder."""
    assert parse_post_path(Path(path), SOURCE, LANGUAGES) == where


def test_translations_have_the_same_repository_path() -> None:
    """Two languages of one post differ only in their suffix."""
    spanish = parse_post_path(Path("content/guides/forms.es.md"), SOURCE, LANGUAGES)
    english = parse_post_path(Path("content/guides/forms.md"), SOURCE, LANGUAGES)
    assert spanish.repository_path == english.repository_path == "content/guides/forms"
    assert spanish.path_in_folder == "guides/forms"
    assert spanish.folders == ("content", "guides")


def test_source_may_be_the_root_of_the_repository() -> None:
    """The root is a folder like any other."""
    everything = source(folders=(Path("."),))
    assert split_at_folder(Path("a/b.md"), everything) == ("", ("a", "b.md"))
    assert parse_post_path(Path("b.md"), everything, LANGUAGES).repository_path == "b"


def test_path_without_a_name() -> None:
    """The path of the folder itself and an empty path are split as well."""
    assert split_at_folder(Path("news"), SOURCE) == ("", ("news",))
    assert split_at_folder(Path(""), SOURCE) == ("", ("",))
