"""Files that a post refers to: URLs of other posts and of served files, sizes of media files."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from syndicate.git import Repository
from syndicate.model.asset import is_public, media_type_of_url
from syndicate.model.languages import LANGUAGES
from syndicate.model.post import PAGE_EXTENSIONS, BlobId, CommitId, Path, Post, RenderedPost, Source
from syndicate.model.post_list import PostList, sort_key

_PostsByName = Mapping[str, tuple[Post, ...]]
"""Posts by the name that links use; of several with one name, the newest is the last."""


class LinkTargets:
    """The posts of one source, by the names that links use."""

    def __init__(
        self,
        posts: Iterable[Post],
        *,
        by_stem: _PostsByName | None = None,
        by_name: _PostsByName | None = None,
    ) -> None:
        self.posts = PostList.from_posts(posts)
        self._by_stem = by_stem
        """Posts by path without extension; built when a link needs it."""
        self._by_name = by_name
        """Posts by the last part of that."""

    def updated(self, posts: Sequence[Post]) -> Self:
        """Return the targets for ``posts``, at a cost that depends on the number of changes."""
        if posts is self.posts:
            return self
        new_posts = PostList.from_posts(posts)
        removed, added = new_posts.difference(self.posts)
        return type(self)(
            new_posts,
            by_stem=_update_groups(self._by_stem, removed, added, _post_stem),
            by_name=_update_groups(self._by_name, removed, added, post_name),
        )

    def resolve(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, URL) of each of ``names`` that refers to a post, without the others.

        A name is a path from the root, from the post or from its folder, with or without the
        extension, or a bare file name (Jekyll's ``post_url``), each with an optional query and
        fragment.
        """
        return tuple((name, url) for name in names for url in self._find(name, post))

    def _find(self, name: str, post: Post) -> Iterator[str]:
        reference = re.split("[?#]", name.removeprefix("@/"), maxsplit=1)[0]
        plain = stem(reference.strip("/"))
        relative = stem(posixpath.normpath(posixpath.join(posixpath.dirname(post.path), reference)))
        found = self._named(plain, post.language) or self._named(relative, post.language)
        if not found and plain:
            found = self._similar(plain, post.language)
        if found:
            yield found[-1].url + name.removeprefix("@/")[len(reference) :]

    def _named(self, stem: str, language: str) -> Sequence[Post]:
        """Return the posts at the path ``stem``, which may end in the language of one of them.

        Without one, those in ``language`` count if there are any.
        """
        if self._by_stem is None:
            self._by_stem = _group_by_name(self.posts, _post_stem)
        found = self._by_stem.get(stem, ())
        if found:
            return _in_language(found, language)
        base, _, suffix = stem.rpartition(".")
        translations = self._by_stem.get(base, ()) if suffix else ()
        return [post for post in translations if post.language.lower() == suffix.lower()]

    def _similar(self, stem: str, language: str) -> Sequence[Post]:
        """Return the posts with the name of ``stem``, best those in folders of the same names."""
        if self._by_name is None:
            self._by_name = _group_by_name(self.posts, post_name)
        found = self._by_name.get(posixpath.basename(stem), ())
        base, _, suffix = stem.rpartition(".")
        if not found and suffix in LANGUAGES:
            return [post for post in self._similar(base, suffix) if post.language == suffix]
        inside = [post for post in found if f"/{_post_stem(post)}".endswith(f"/{stem}")]
        return _in_language(inside or found, language)


def _in_language(posts: Sequence[Post], language: str) -> Sequence[Post]:
    return [post for post in posts if post.language == language] or posts


def _group_by_name(posts: Iterable[Post], name_of: Callable[[Post], str]) -> _PostsByName:
    groups: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        groups[name_of(post)].append(post)
    return {name: tuple(sorted(group, key=sort_key)) for name, group in groups.items()}


def _update_groups(
    groups: _PostsByName | None,
    removed: Sequence[Post],
    added: Sequence[Post],
    name_of: Callable[[Post], str],
) -> _PostsByName | None:
    if groups is None:
        return None
    removed_ids, new = {*map(id, removed)}, _group_by_name(added, name_of)
    updated = dict(groups)
    for name in {*map(name_of, removed)} | new.keys():
        kept = (post for post in groups.get(name, ()) if id(post) not in removed_ids)
        updated[name] = tuple(sorted((*kept, *new.get(name, ())), key=sort_key))
        if not updated[name]:
            del updated[name]
    return updated


def _post_stem(post: Post) -> str:
    """Return the path without extension, and without the language if it is part of the name."""
    without, extension = posixpath.splitext(post.path)
    name = without if extension in PAGE_EXTENSIONS else post.path
    suffix = f".{post.language}".lower()
    name = name[: -len(suffix)] if name.lower().endswith(suffix) else name
    return name.removesuffix("/index")


def post_name(post: Post) -> str:
    """Return the last part of the path of ``post`` as links write it in its language."""
    return posixpath.basename(_post_stem(post))


def stem(path: str | Path) -> str:
    """Return ``path`` as links write it: without extension, and without ``/index``."""
    without, extension = posixpath.splitext(path)
    kept = without if extension in PAGE_EXTENSIONS else path
    return kept.removesuffix("/index")


STATIC_FOLDERS: Final = ("", "static", "assets", "public", "src", "source", "content", "docs")
"""Folders that site generators copy to the root of the site, in the order of the lookup."""


@dataclass(frozen=True, kw_only=True)
class AssetUrls:
    """URLs of the files of one commit that this service may serve."""

    base_url: str
    blobs: Mapping[Path, BlobId]
    folders: tuple[Path, ...] = ()
    commit: CommitId | None = None
    """The commit of ``blobs``."""

    def resolve(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, URL) of each of ``names``, as written in ``post``, that is a served file.

        The URL contains the blob id, so that clients can cache it forever.
        """
        return tuple(
            (name, f"{self.base_url}/{quote(path)}?v={self.blobs[path]}")
            for name in names
            if (path := next(self._find(name, post), None)) is not None
        )

    def _find(self, name: str, post: Post) -> Iterator[Path]:
        try:
            parts = urlsplit(name)
        except ValueError:  # not a URL, such as //[a
            return
        name_path = unquote(parts.path)
        if parts.scheme or parts.netloc or not name_path:
            return
        candidates = [posixpath.join(root, name_path.lstrip("/")) for root in STATIC_FOLDERS]
        if not name_path.startswith("/"):
            candidates.insert(0, posixpath.join(posixpath.dirname(post.path), name_path))
        for candidate in candidates:
            path = Path(posixpath.normpath(candidate))
            if path in self.blobs and is_public(path, self.folders):
                yield path


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
