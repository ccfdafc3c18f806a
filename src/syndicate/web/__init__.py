"""What readers reach over HTTP: feeds, the JSON API, pages for people, and probes."""
