"""Cleaning of rendered HTML: what may stay, and how links and media are rewritten."""
