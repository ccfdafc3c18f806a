# A cache in front of Syndicate, for Varnish 7 or newer.
#
# The service sets how long responses are cached (`cache_seconds`, `stale_while_revalidate`,
# `stale_if_error`), and this file respects all three: Varnish serves the cached copy while it
# revalidates a feed, and for a day while the service does not respond. No purge is needed.
#
# Copy it to /etc/varnish/default.vcl. Varnish terminates no TLS: deploy/nginx.tls.conf does.

vcl 4.1;

import directors;
import std;

# A process that starts or does not respond gets no requests.
probe ready {
    .url = "/readyz";
    .interval = 2s;
    .timeout = 2s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

# One backend for each `serve` process: its IP address and `[service] port`.
backend serve1 {
    .host = "127.0.0.1";
    .port = "8000";
    .probe = ready;
}

sub vcl_init {
    new syndicate = directors.round_robin();
    syndicate.add_backend(serve1);   # and the others
}

sub vcl_recv {
    set req.backend_hint = syndicate.backend();

    # For restarts: in the order of vcl_hit and vcl_deliver.
    if (req.restarts > 0) {
        if (req.http.X-Stale == "refused") {
            set req.grace = 0s;
        }
        return (hash);
    }
    unset req.http.X-Stale;
    unset req.http.X-Cached;
    unset req.http.X-Coding;
    set req.http.X-Request-Id = std.time2integer(now, 0) + "-" + req.xid;

    # The service decodes a path, and accepts a whole URL or a fragment, none of which browsers
    # send. Here paths are compared as they are: letters and digits must not be encoded.
    if (req.url !~ "^/" || req.url ~ "#"
        || req.url ~ "^[^?]*%(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])") {
        return (synth(404));
    }
    # Metrics are only for clients with direct access to the service.
    if (req.url ~ "^/metrics(\?|$)") {
        return (synth(404));
    }
    # Not cached: API, hub and health checks; people with a token or a session.
    if ((req.method != "GET" && req.method != "HEAD")
        || req.url ~ "^/(v1/|(hub|healthz|readyz)(\?|$))"
        || req.http.Authorization
        || req.http.Cookie ~ "(^|;\s*)(__Host-)?session=") {
        return (pass);
    }
    unset req.http.Cookie;   # of other services of the domain

    # One copy for each content encoding, for any spelling of Accept-Encoding; q=0 means not
    # acceptable. Varnish itself would ask for gzip only.
    if (req.http.Accept-Encoding ~ "(?i)(^|,)\s*br\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)") {
        set req.http.X-Coding = "br";
    } else if (req.http.Accept-Encoding ~ "(?i)(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)") {
        set req.http.X-Coding = "gzip";
    }
    return (hash);
}

sub vcl_hash {
    # The Host does not matter: the service has one public URL.
    hash_data(req.url);
    hash_data(req.http.X-Coding);
    return (lookup);
}

sub vcl_hit {
    set req.http.X-Cached = "hit";
    if (obj.ttl < 0s) {
        # Stale. While the service responds, only `stale_while_revalidate` counts.
        if (!req.http.X-Stale && std.healthy(req.backend_hint) && obj.ttl + std.duration(
                regsub(obj.http.Cache-Control,
                    "^(.*[\s,])?stale-while-revalidate=(\d+).*$|^.*$", "\2") + "s", 0s) < 0s) {
            set req.http.X-Stale = "refused";
            return (restart);
        }
        set req.http.X-Cached = "hit; detail=stale";
    }
    return (deliver);
}

sub vcl_miss {
    set req.http.X-Cached = "fwd=miss";
}

sub vcl_backend_fetch {
    if (!bereq.uncacheable) {
        unset bereq.http.Accept-Encoding;
        if (bereq.http.X-Coding) {
            set bereq.http.Accept-Encoding = bereq.http.X-Coding;
        }
    }
    unset bereq.http.X-Coding;
    unset bereq.http.X-Stale;
    unset bereq.http.X-Cached;
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.status >= 500) {
        # What is in the cache stays there.
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }
    if (beresp.http.X-Accel-Expires) {
        # A post was withdrawn: this response replaces the copy with the post, although other
        # caches may not store it. In an outage it is better than no response.
        set beresp.ttl = std.duration(beresp.http.X-Accel-Expires + "s", 0s);
        set beresp.grace = 1d;
        unset beresp.http.X-Accel-Expires;   # Varnish would keep it when a 304 comes without it
    } else if (beresp.http.Cache-Control ~ "(?i)(no-store|private|no-cache)" || beresp.http.Set-Cookie) {
        set beresp.ttl = 120s;   # for that long, requests do not wait for each other
        set beresp.grace = 0s;
        set beresp.uncacheable = true;
    } else if (beresp.http.Cache-Control ~ "stale-if-error=") {
        set beresp.grace = std.duration(
            regsub(beresp.http.Cache-Control, "^.*stale-if-error=(\d+).*$", "\1") + "s", 0s);
    }
    set beresp.keep = 1d;   # as long, it is revalidated by its ETag
    return (deliver);
}

sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "5";
    set beresp.body = "The service does not respond." + {"
"};
    return (deliver);
}

sub vcl_deliver {
    if (resp.status >= 500 && req.http.X-Cached && req.restarts < 3
        && req.http.X-Stale != "accepted") {
        # An error: a stale copy is better, if there is one.
        set req.http.X-Stale = "accepted";
        return (restart);
    }
    unset resp.http.X-Varnish;
    if (req.http.X-Cached) {
        set resp.http.Cache-Status = "varnish; " + req.http.X-Cached;   # RFC 9211
    }
}
