"""GET /graphql in a browser: GraphiQL, with a bar that holds the bearer tokens.

The page loads nothing but this service's own files and runs no script of its own text, and says so in its
Content-Security-Policy.
"""

import secrets

from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from web.static_files import FILES, address

MODULES = [name for name in FILES if name.endswith(".js")]

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Purser</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Wallets that others may charge: explore the GraphQL API">
<link rel="icon" href="{address("favicon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="{address("vendor/graphiql-style.css")}">
<link rel="stylesheet" href="{address("purser.css")}">
{"".join(f'<link rel="modulepreload" href="{address(name)}">' for name in MODULES)}
<script type="module" src="{address("purser.js")}"></script>
</head>
<body>
<div id="purser" nonce="NONCE">
<noscript>GraphiQL needs JavaScript. POST /graphql works without.</noscript>
</div>
</body>
</html>
"""

# GraphiQL's dialogs add one <style> element; it carries the nonce. Everything else is a file of ours.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


async def graphiql_page(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI app that answers with the page; its caller has seen to path, method and Accept."""
    nonce = secrets.token_urlsafe(16)
    policy = {"content-security-policy": POLICY.replace("NONCE", nonce)}
    response = HTMLResponse(PAGE.replace("NONCE", nonce), headers=HEADERS | policy)
    await response(scope, receive, send)
