"""Rendering in worker processes: the pool, the worker and the messages between them."""
