"""Every link of the pages leads somewhere, to its very heading, and from the README a newcomer gets to each of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.tables import ROOT

README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file or folder that each relative link of the page names, and its anchor, "" where it has none."""
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """The anchors that a forge gives to the page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        assert path.exists(), path
        assert not anchor or anchor in anchors(path), f"{path.name}#{anchor}"


def test_every_page_is_found_from_the_readme() -> None:
    found: set[Path] = set()
    waiting = [README]
    while waiting:
        page = waiting.pop()
        if page not in found and page.suffix == ".md":
            found.add(page)
            waiting += [path for path, _ in links(page)]
        elif page.is_dir():
            waiting += [path for path in page.glob("*.md") if path not in found]
    # What a forge shows in places of its own.
    assert set(PAGES) - found <= {ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"}
