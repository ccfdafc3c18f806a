"""From a commit to the posts of a source, and from posts to rendered posts, with caches of both."""
