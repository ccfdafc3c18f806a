"""Immutable values and the pure rules on them; nothing here reads, writes or looks at a clock."""
