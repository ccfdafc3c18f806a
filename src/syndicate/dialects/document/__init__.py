"""Post files as documents: front matter (YAML, TOML or JSON) as plain values, and the body."""
