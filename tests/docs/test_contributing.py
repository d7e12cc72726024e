"""docs/contributing.md names every folder of tests."""

from tests.docs.tables import ROOT, table_of


def test_every_folder_of_tests_is_there() -> None:
    folders = {path.relative_to(ROOT).parts[1] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    listed = [name for name, _ in table_of("contributing.md", "Folder").rows]
    assert listed == [f"tests/{folder}/" for folder in sorted(folders)]
