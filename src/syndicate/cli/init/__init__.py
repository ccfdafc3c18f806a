"""`syndicate init`: settings for a repository."""
