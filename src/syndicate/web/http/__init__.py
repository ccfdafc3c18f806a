"""HTTP below the routes: server, protocol, middleware, caching and errors."""
