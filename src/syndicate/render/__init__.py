"""The only makers of HTML: template code, Markdown and sanitizing of posts, and our own pages."""
