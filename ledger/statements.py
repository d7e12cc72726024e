"""Reads the named statements of a .sql file that stands beside the code."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_statements(file_name: str, package: str = __package__) -> dict[str, str]:
    """The statements of a package's file, of this one's, by the names given in its `-- name:` lines."""
    _, *parts = _NAME.split(files(package).joinpath(file_name).read_text("utf-8"))
    names, bodies = parts[::2], parts[1::2]
    return {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
