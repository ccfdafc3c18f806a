"""What only some engines know of pages: links to them, their language, values in their text."""

from collections.abc import Iterator, Mapping

from syndicate.sites.site import Page, Site


class LinkedPages:
    """What an engine has of it by default: nothing."""

    __slots__ = ()

    def linked_files(
        self,
        name: str,  # noqa: ARG002 — for engines that have such tags
        page: str,  # noqa: ARG002
        language: str,  # noqa: ARG002
        site: Site,  # noqa: ARG002
    ) -> Iterator[str]:
        """Yield the paths of files or folders that ``name`` may mean in a tag of ``page``.

        ``language`` is that of the page; both are paths from the root of the repository.
        """
        yield from ()

    def linked_url(self, page: Page, site: Site) -> str:  # noqa: ARG002 — as above
        """Return the URL of a file that `linked_files` names, empty if it has none."""
        return ""

    def folder_url(self, folder: str, site: Site) -> str:  # noqa: ARG002 — as above
        """Return the URL of a folder that `linked_files` names, empty if it has none."""
        return ""

    def data_folders(self, site: Site) -> tuple[str, ...]:  # noqa: ARG002 — as above
        """Return the folders of data files whose values texts may name."""
        return ()

    def named_date(self, site: Site) -> bool:  # noqa: ARG002 — as above
        """Return whether the day in a file name counts before the date in the front matter."""
        return False

    def date_keys(self, site: Site) -> tuple[str, ...]:  # noqa: ARG002 — as above
        """Return the keys that the configuration names for the date, empty for the usual ones."""
        return ()

    def page_values(self, path: str) -> Mapping[str, str]:  # noqa: ARG002 — as above
        """Return what the engine itself has as ``page.NAME`` for the page at ``path``."""
        return {}
