"""Keeps the digests of posts up to date while files and posts that they name change."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from syndicate.content.file_classifier import FileResult, FileTable
from syndicate.content.link_targets import AssetUrls, LinkTargets, post_name, stem
from syndicate.content.post_inputs import PostInputs
from syndicate.content.site_references import SiteReferences
from syndicate.model.asset import media_type
from syndicate.model.ledger import digest, encode_digests
from syndicate.model.post import Path, Post


class PostDigests:
    """The digests of the posts of one source.

    An update computes those of posts that are new, and of posts that name what changed. Without
    that, a commit would look up every link of 10,000 posts: 0.2 s instead of 1 ms.

    Args:
        public_url: The URL of this service, which is part of every item.
        table: Posts that have their digests already.
    """

    def __init__(self, public_url: str, table: FileTable | None = None) -> None:
        self._public_url = public_url
        self._targets = LinkTargets(table.posts if table else ())
        self._assets: AssetUrls | None = None
        self._site: SiteReferences | None = None
        self._naming: defaultdict[str, set[Path]] | None = None
        """Paths of posts by the last part of a name in them, also of earlier ones."""

    def update(self, table: FileTable, assets: AssetUrls, site: SiteReferences) -> None:
        """Give the posts of ``table`` the digests of their present inputs.

        ``assets`` are the files that this service serves, ``site`` what posts name of their site.
        """
        removed, added = table.posts.difference(self._targets.posts)
        targets = self._targets.updated(table.posts)
        is_first = not self._targets.posts
        paths = {post.path for post in added}
        if not is_first:
            paths |= self._naming_posts(table, [*removed, *added], paths)
        if assets.base_url and assets != self._assets:
            paths |= {path for path, result in table.results.items() if _names_files(result)}
        if site is not self._site:
            paths |= {path for path, result in table.results.items() if _names_values(result)}
        changed: dict[Path, FileResult] = {}
        for path in paths:
            result = table.get(path)
            if result is not None and result.post is not None:
                digests = self._digests(result.post, result.inputs, targets, assets, site)
                if digests != result.post.digests:
                    changed[path] = replace(result, post=replace(result.post, digests=digests))
        table.update(changed, {}, ())
        self._targets, self._assets = targets.updated(table.posts), assets
        self._site = site

    def _naming_posts(
        self, table: FileTable, posts: Iterable[Post], fresh: Iterable[Path]
    ) -> set[Path]:
        """Return the paths of the posts that may name one of ``posts``."""
        if self._naming is None:
            self._naming = defaultdict(set)
            fresh = table.results
        for path in fresh:
            result = table.get(path)
            for name in result.inputs.names if result else ():
                for key in _last_parts(name, path):
                    self._naming[key].add(path)
        keys = {posixpath.basename(stem(post.path)) for post in posts}
        keys |= {post_name(post) for post in posts}
        return {path for key in keys for path in self._naming.get(key, ())}

    def _digests(
        self,
        post: Post,
        inputs: PostInputs,
        targets: LinkTargets,
        assets: AssetUrls,
        site: SiteReferences,
    ) -> str:
        digests = dict(inputs.digests) | {"url": digest([self._public_url])}
        links = targets.resolve(post, inputs.names) if inputs.names else ()
        files = _files(post, inputs, assets) if assets.base_url else {}
        body_files = [[name, files[name]] for name in inputs.names if name in files]
        attached = [files[name] for name in inputs.attachments if name in files]
        image = inputs.image or next((name for name, _ in body_files if _is_image(name)), "")
        pages = site.page_urls(post, inputs.pages) if inputs.pages else ()
        values = site.site_values(inputs.values, post) if inputs.values else ()
        for field, found in (
            ("markup", [links, body_files] if links or body_files else None),
            ("markup", [pages, values] if pages or values else None),
            ("words", values),
            ("summary", values),
            ("image", [files.get(image), *attached] if attached else files.get(image)),
            ("carousel", files.get(inputs.card_image or image) if post.carousel else None),
        ):
            if found:
                digests[field] = digest([digests.get(field), found])
        return encode_digests(digests)


def _files(post: Post, inputs: PostInputs, assets: AssetUrls) -> dict[str, str]:
    """Return the URLs of the served files that ``post`` names."""
    front_matter = (inputs.image, inputs.card_image, *inputs.attachments)
    named = dict.fromkeys((*inputs.names, *front_matter))
    return dict(assets.resolve(post, filter(None, named)))


def _names_files(result: FileResult) -> bool:
    inputs = result.inputs
    return bool(inputs.names or inputs.image or inputs.card_image or inputs.attachments)


def _names_values(result: FileResult) -> bool:
    return bool(result.inputs.pages or result.inputs.values)


def _is_image(name: str) -> bool:
    return media_type(name).startswith("image/")


def _last_parts(name: str, path: Path) -> Iterator[str]:
    """Yield the last parts of the paths that ``name`` may mean in the post at ``path``."""
    relative = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    for each in (name.strip("/"), relative):
        yield posixpath.basename(stem(each))
