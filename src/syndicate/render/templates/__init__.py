"""Template tags and shortcodes of site engines, resolved as data."""
