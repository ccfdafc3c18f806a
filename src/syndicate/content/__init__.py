"""From a commit to an edition's part, and from posts to items, reusing whatever is unchanged."""
