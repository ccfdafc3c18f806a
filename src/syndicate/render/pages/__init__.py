"""The HTML pages of the service: data, templates and environment."""
