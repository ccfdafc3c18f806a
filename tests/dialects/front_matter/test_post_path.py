"""A path says where a post lies, what it is called, of which day and in which language."""

import re
from datetime import date

import pytest

from syndicate.dialects.front_matter.post_path import PostPath, parse_post_path, split_at_folder
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
def test_a_path_is_taken_apart(path: str, where: PostPath) -> None:
    """The innermost folder of the source counts; a bundle has the name of its folder."""
    assert parse_post_path(Path(path), SOURCE, LANGUAGES) == where


def test_translations_lie_in_the_same_place() -> None:
    """Two languages of one post differ in their suffix only."""
    spanish = parse_post_path(Path("content/guides/forms.es.md"), SOURCE, LANGUAGES)
    english = parse_post_path(Path("content/guides/forms.md"), SOURCE, LANGUAGES)
    assert spanish.repository_path == english.repository_path == "content/guides/forms"
    assert spanish.path_in_folder == "guides/forms"
    assert spanish.folders == ("content", "guides")


def test_a_source_may_be_a_whole_repository() -> None:
    """The root is a folder like any other."""
    everything = source(folders=(Path("."),))
    assert split_at_folder(Path("a/b.md"), everything) == ("", ("a", "b.md"))
    assert parse_post_path(Path("b.md"), everything, LANGUAGES).repository_path == "b"


def test_a_path_without_a_name_is_one_without_a_name() -> None:
    """Even the path of the folder itself, or none, is taken apart."""
    assert split_at_folder(Path("news"), SOURCE) == ("", ("news",))
    assert split_at_folder(Path(""), SOURCE) == ("", ("",))
