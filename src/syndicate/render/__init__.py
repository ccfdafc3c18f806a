"""Makes all HTML: renders and sanitizes the bodies of posts, and renders the service's pages."""
