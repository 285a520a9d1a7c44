"""One module imports private names of Dagster: a new version of Dagster is checked there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import usage_pipeline

PACKAGE = Path(usage_pipeline.__file__).parent


def imported(path: Path) -> Iterator[str]:
    """The modules and names that a file imports, with dots."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_private(name: str) -> bool:
    library, *parts = name.split(".")
    return library.startswith("dagster") and any(part.startswith("_") for part in parts)


def test_one_module_imports_private_names_of_dagster() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(map(is_private, imported(path)))
    }
    assert found == {"orchestration/dagster_internals.py"}
