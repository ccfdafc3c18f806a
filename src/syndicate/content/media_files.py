"""Sizes of the images and recordings of posts, where their files are in the repository."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, urlsplit

from syndicate.content.link_targets import STATIC_FOLDERS
from syndicate.git import Repository
from syndicate.model.asset import media_type_of_url
from syndicate.model.post import CommitId, Path, Post, RenderedPost, Source

_MAX_CACHED_SIZES: Final = 10_000


class MediaFiles:
    """Finds the files of one commit of a source by the URLs that the site or this service has.

    Args:
        repository: The repository of the source.
        commit: The commit that is served.
        source: The source, with the URL of its site.
        assets_url: The URL below which this service serves files of the source, empty if it serves
            none.
    """

    def __init__(
        self, repository: Repository, commit: CommitId, source: Source, assets_url: str
    ) -> None:
        self.commit: Final = commit
        self._repository = repository
        self._site = urlsplit(source.site_url)
        self._assets_url = assets_url
        self._sizes: dict[tuple[str, str], int | None] = {}

    def with_sizes(self, rendered: RenderedPost) -> RenderedPost:
        """Return ``rendered`` with the sizes of its image and attachments.

        The same object where no size is known. Raises `RepositoryError`.
        """
        size = self._size_finder(rendered.post)
        image, attachments = rendered.image, rendered.attachments
        if image is not None:
            image = replace(image, file_bytes=size(image.url))
        if attachments:
            attachments = tuple(replace(each, file_bytes=size(each.url)) for each in attachments)
        if (image, attachments) == (rendered.image, rendered.attachments):
            return rendered
        return replace(rendered, image=image, attachments=attachments)

    def _size_finder(self, post: Post) -> Callable[[str], int | None]:
        folder = posixpath.dirname(post.path)

        def find(url: str) -> int | None:
            key = (folder, url)
            if key not in self._sizes:
                if len(self._sizes) >= _MAX_CACHED_SIZES:
                    self._sizes.clear()
                self._sizes[key] = self._find(url, post)
            return self._sizes[key]

        return find

    def _find(self, url: str, post: Post) -> int | None:
        if not media_type_of_url(url):
            return None
        paths = (Path(posixpath.normpath(path)) for path in self._candidates(url, post))
        sizes = (self._repository.file_size(self.commit, path) for path in paths)
        return next((size for size in sizes if size is not None), None)

    def _candidates(self, url: str, post: Post) -> Iterator[str]:
        """Yield the paths of files that the site or this service may serve at ``url``."""
        parts = urlsplit(url)
        if self._assets_url and url.startswith(f"{self._assets_url}/"):
            yield unquote(urlsplit(url.removeprefix(f"{self._assets_url}/")).path)
            return
        base = f"{self._site.path.rstrip('/')}/"
        if parts.netloc != self._site.netloc or not parts.path.startswith(base):
            return
        below_site = unquote(parts.path.removeprefix(base))
        page_folder = unquote(urlsplit(post.url).path).rpartition("/")[0]
        below_page = unquote(parts.path).removeprefix(f"{page_folder}/")
        yield from (posixpath.join(root, below_site) for root in STATIC_FOLDERS)
        yield posixpath.join(posixpath.dirname(post.path), below_page)
