"""Template tags, shortcodes and comments of site engines, resolved without an engine."""
