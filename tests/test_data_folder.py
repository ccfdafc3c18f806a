"""Folders of ours get a `.gitignore`, folders of others do not."""

from pathlib import Path

from syndicate.data_folder import make_data_folder


def test_each_created_folder_has_a_gitignore(tmp_path: Path) -> None:
    """Parents too, down from the first that was missing."""
    make_data_folder(tmp_path / "var" / "cache")
    for folder in (tmp_path / "var", tmp_path / "var" / "cache"):
        assert (folder / ".gitignore").read_text() == "*\n"


def test_an_empty_folder_is_taken_as_ours(tmp_path: Path) -> None:
    """Whoever created it for us, or was killed before the `.gitignore` was written."""
    make_data_folder(tmp_path)
    assert (tmp_path / ".gitignore").exists()


def test_a_folder_with_files_of_others_stays_visible_to_git(tmp_path: Path) -> None:
    """Such as the content repository itself, where the settings put the database there."""
    (tmp_path / "post.md").touch()
    make_data_folder(tmp_path)
    assert not (tmp_path / ".gitignore").exists()


def test_an_exclusive_folder_of_an_earlier_version_is_ignored_from_now_on(tmp_path: Path) -> None:
    """The cache may have been there before the `.gitignore` was introduced."""
    (tmp_path / "syndicate.db").touch()
    make_data_folder(tmp_path, exclusive=True)
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_a_gitignore_that_an_operator_wrote_is_kept(tmp_path: Path) -> None:
    """An exception that somebody made on purpose is not undone."""
    (tmp_path / ".gitignore").write_text("*\n!keep\n")
    make_data_folder(tmp_path, exclusive=True)
    assert (tmp_path / ".gitignore").read_text() == "*\n!keep\n"
