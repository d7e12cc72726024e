"""The page's files: read once, compressed once, and kept by browsers while their content stays the same."""

import gzip
import hashlib
from asyncio import to_thread
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"

# Named here, because the operating system's own table may differ or be missing.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

ONE_YEAR = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent; `etag` is of its content and has the quotes of the header."""

    content: bytes
    media_type: str
    etag: str


def _read() -> dict[str, StaticFile]:
    files: dict[str, StaticFile] = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            files[path.relative_to(FOLDER).as_posix()] = StaticFile(content, MEDIA_TYPES[path.suffix], etag)
    return files


FILES = _read()

# One version for all of them, so that modules that import each other by relative paths fit together.
VERSION = hashlib.sha256("".join(name + file.etag for name, file in FILES.items()).encode()).hexdigest()[:16]


def address(name: str) -> str:
    """The path at which `name` can be kept for ever; KeyError where there is no such file."""
    FILES[name]
    return f"/static/{VERSION}/{name}"


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(FILES[name].content, compresslevel=9, mtime=0)


async def static_files(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI app to mount at /static: `<version>/<name>`, or `<name>` alone, to be asked for each time.

    A version other than this process's is answered with the files it has, but not to be kept: while a new
    release is rolled out, a page may come from one instance and its files from another.
    """
    response = await _respond(Request(scope))
    await response(scope, receive, send)


async def _respond(request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        return PlainTextResponse("Method Not Allowed", status_code=405, headers={"allow": "GET, HEAD"})
    name = request.scope["path"].removeprefix(request.scope.get("root_path", "")).lstrip("/")
    version, _, rest = name.partition("/")
    versioned = rest in FILES
    file = FILES.get(rest if versioned else name)
    if file is None:
        return PlainTextResponse("Not Found", status_code=404)
    headers = {
        "cache-control": ONE_YEAR if versioned and version == VERSION else ASK_AGAIN,
        "content-type": file.media_type,
        "etag": file.etag,
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(await to_thread(_compressed, rest if versioned else name), headers=headers)
    return Response(file.content, headers=headers)
