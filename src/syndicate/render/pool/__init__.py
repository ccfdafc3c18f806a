"""Rendering in worker processes."""
