"""What the page is made of, asked for without a browser."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from web import graphiql_page, static_files
from web.static_files import FILES, VERSION, address


class Page:
    """As an instance, so that Starlette's Route takes it for an ASGI app."""

    __call__ = staticmethod(graphiql_page)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Route("/graphql", Page()), Mount("/static", static_files)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def test_the_page_names_only_files_that_are_there(http: httpx.AsyncClient) -> None:
    page = await http.get("/graphql")
    named = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(named) > 5
    for path in named:
        assert (await http.get(path)).status_code == 200, path
    assert "://" not in page.text


async def test_each_page_has_its_own_nonce(http: httpx.AsyncClient) -> None:
    nonces = set()
    for _ in range(2):
        page = await http.get("/graphql")
        (nonce,) = re.findall(r'nonce="([^"]+)"', page.text)
        assert f"'nonce-{nonce}'" in page.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


@pytest.mark.parametrize("name", FILES)
async def test_a_versioned_file_is_kept_for_ever(http: httpx.AsyncClient, name: str) -> None:
    response = await http.get(address(name))
    assert response.content == FILES[name].content
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == FILES[name].media_type
    assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("path", ["/static/purser.js", f"/static/{'0' * 16}/purser.js"])
async def test_without_this_version_the_browser_asks_each_time(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path, headers={"accept-encoding": "identity"})
    assert response.content == FILES["purser.js"].content
    assert "content-encoding" not in response.headers
    assert response.headers["cache-control"] == "no-cache"
    again = await http.get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_nothing_else_is_there(http: httpx.AsyncClient) -> None:
    for name in ["", "nothing.js", "vendor", "../static_files.py", "%2e%2e/static_files.py", f"{VERSION}/"]:
        assert (await http.get(f"/static/{name}")).status_code == 404, name
    assert (await http.post(address("purser.js"))).status_code == 405


def test_the_bundled_packages_lead_nowhere_else() -> None:
    elsewhere = rb"sourceMappingURL|esm\.sh|unpkg\.com|jsdelivr|cdnjs|googleapis|gstatic"
    for name, file in FILES.items():
        if not name.endswith(".txt"):
            assert re.findall(elsewhere, file.content) == [], name
