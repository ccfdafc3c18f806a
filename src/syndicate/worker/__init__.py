"""The hub (WebSub): verifies what was asked of it, and spreads what its topics have become."""
