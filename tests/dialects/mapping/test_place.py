"""A path says where a post lies, what it is called, of which day and in which language."""

import re
from datetime import date

import pytest

from syndicate.dialects.mapping.place import Place, below, place
from syndicate.model.post import Path
from tests.samples import source

LANGUAGES = re.compile(r"\.(es|fr-CA|fr_CA)$")
SOURCE = source(folders=(Path("content/posts"), Path("content"), Path("./news/")))


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (
            "content/posts/2024-01-29-forms.md",
            Place(
                folder="content/posts",
                parents=(),
                name="2024-01-29-forms",
                title="forms",
                day=date(2024, 1, 29),
                language="",
                bundle=False,
            ),
        ),
        (
            "content/guides/forms/index.es.md",
            Place(
                folder="content",
                parents=("guides",),
                name="forms",
                title="forms",
                day=None,
                language="es",
                bundle=True,
            ),
        ),
        (
            "news/a.b/v1.2.fr_CA.markdown",
            Place(
                folder="news",
                parents=("a.b",),
                name="v1.2",
                title="v1.2",
                day=None,
                language="fr-CA",
                bundle=False,
            ),
        ),
        (
            "elsewhere/index.html",
            Place(
                folder="",
                parents=(),
                name="elsewhere",
                title="elsewhere",
                day=None,
                language="",
                bundle=True,
            ),
        ),
        (
            "news/index.md",
            Place(
                folder="news",
                parents=(),
                name="index",
                title="index",
                day=None,
                language="",
                bundle=False,
            ),
        ),
        (
            "news/LICENSE",
            Place(
                folder="news",
                parents=(),
                name="LICENSE",
                title="LICENSE",
                day=None,
                language="",
                bundle=False,
            ),
        ),
    ],
)
def test_a_path_is_taken_apart(path: str, where: Place) -> None:
    """The innermost folder of the source counts; a bundle has the name of its folder."""
    assert place(Path(path), SOURCE, LANGUAGES) == where


def test_translations_lie_in_the_same_place() -> None:
    """Two languages of one post differ in their suffix only."""
    spanish = place(Path("content/guides/forms.es.md"), SOURCE, LANGUAGES)
    english = place(Path("content/guides/forms.md"), SOURCE, LANGUAGES)
    assert spanish.whole == english.whole == "content/guides/forms"
    assert spanish.path == "guides/forms"
    assert spanish.folders == ("content", "guides")


def test_a_source_may_be_a_whole_repository() -> None:
    """The root is a folder like any other."""
    everything = source(folders=(Path("."),))
    assert below(Path("a/b.md"), everything) == ("", ("a", "b.md"))
    assert place(Path("b.md"), everything, LANGUAGES).whole == "b"


def test_a_path_without_a_name_is_one_without_a_name() -> None:
    """Even the path of the folder itself, or none, is taken apart."""
    assert below(Path("news"), SOURCE) == ("", ("news",))
    assert below(Path(""), SOURCE) == ("", ("",))
