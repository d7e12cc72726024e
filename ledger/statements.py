"""Reads the named statements of a .sql file that stands beside the code.

What several statements of a file have in common is a part, which they name in braces.
"""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- (name|part): (\w+)$", re.MULTILINE)


def load_statements(file_name: str, package: str = __package__) -> dict[str, str]:
    """The statements of a package's file, of this one's, by the names given in its `-- name:` lines.

    A part has a `-- part:` line, and stands before what names it.
    """
    _, *pieces = _NAME.split(files(package).joinpath(file_name).read_text("utf-8"))
    statements: dict[str, str] = {}
    parts: dict[str, str] = {}
    for kind, name, body in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        sql = body.strip().rstrip(";")
        for part, text in parts.items():
            sql = sql.replace(f"{{{part}}}", text)
        (parts if kind == "part" else statements)[name] = sql
    return statements
