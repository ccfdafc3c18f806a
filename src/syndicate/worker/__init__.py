"""Background workers: delivery of webhooks and WebSub content, verification of WebSub requests."""
