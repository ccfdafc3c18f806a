"""What has to be shown, and where."""

from typing import Final

from syndicate.web.openapi.node import Node


def _field(name: str, description: str) -> Node:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


_HOOKS: Final = {
    "hubSignature": _field(
        "X-Hub-Signature-256", "`sha256=` and the HMAC-SHA256 of the body; sent by GitHub."
    ),
    "gitlabToken": _field("X-Gitlab-Token", "The `hook_secret` of the source; sent by GitLab."),
    "giteaSignature": _field(
        "X-Gitea-Signature", "The HMAC-SHA256 of the body in hexadecimal; sent by Gitea."
    ),
    "forgejoSignature": _field("X-Forgejo-Signature", "The same; sent by Forgejo."),
}

HOOK_SCHEMES: Final = tuple(_HOOKS)
"""What a push hook may show, each of which is enough."""

SECURITY_SCHEMES: Final[Node] = {
    **_HOOKS,
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "From the operator (`syndicate tokens create`): of the role `partner` for "
        "subscriptions of one's own, or `admin` for everything.",
    },
    "metrics": {
        "type": "http",
        "scheme": "bearer",
        "description": "Wanted by /metrics where the operator set a token.",
    },
}
