"""What the code logs, read from the code: each event with its levels, loggers and fields."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.tables import ROOT

PACKAGES = ("auth", "exports", "ledger", "resolvers", "runtime", "schema", "web", "workers")
_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_PLACEHOLDER = re.compile(r"%[sdg]")


@dataclass
class Event:
    """An event as docs/observability.md has it: what varies in its words is "…"."""

    levels: set[str] = field(default_factory=set)
    loggers: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def events() -> dict[str, Event]:
    """All that is logged on purpose, by its words."""
    found: dict[str, Event] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for words, event in _events_of(path):
                known = found.setdefault(words, Event())
                known.levels |= event.levels
                known.loggers |= event.loggers
                known.fields |= event.fields
    return found


def _events_of(path: Path) -> Iterator[tuple[str, Event]]:
    module = ast.parse(path.read_text("utf-8"))
    loggers = re.findall(
        r'^log = logging\.getLogger\("(purser\.\w+)"\)$', path.read_text("utf-8"), re.MULTILINE
    )
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in _own_calls(function):
                is_log = isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS
                if is_log and ast.unparse(call.func.value) == "log":  # type: ignore[attr-defined]
                    (logger,) = loggers
                    yield _event_of(call, function, logger)


def _own_calls(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    """Those in it, but not in a function within it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))
            if isinstance(node, ast.Call):
                yield node


def _event_of(
    call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef, logger: str
) -> tuple[str, Event]:
    assert isinstance(call.func, ast.Attribute)
    method = call.func.attr
    if method == "log":
        levels = set(re.findall(r"logging\.([A-Z]+)", ast.unparse(call.args[0])))
    else:
        levels = {"ERROR" if method == "exception" else method.upper()}
    words = call.args[method == "log"]
    assert isinstance(words, ast.Constant), ast.unparse(call)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    fields = _fields_of(keywords["extra"], function) if "extra" in keywords else set()
    if method == "exception" or "exc_info" in keywords:
        fields.add("exception")
    return _PLACEHOLDER.sub("…", str(words.value)), Event(levels, {logger}, fields)


def _fields_of(extra: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The keys of `{"fields": {...}}`, or of what the function puts into `fields`."""
    assert isinstance(extra, ast.Dict)
    (value,) = extra.values
    if isinstance(value, ast.Dict):
        return _keys(value)
    assert isinstance(value, ast.Name)
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            (target,) = node.targets
            if isinstance(node.value, ast.Dict) and ast.unparse(target) == value.id:
                found |= _keys(node.value)
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) == value.id:
                found.add(ast.literal_eval(target.slice))
    return found


def _keys(value: ast.Dict) -> set[str]:
    return {ast.literal_eval(key) for key in value.keys if key is not None}
