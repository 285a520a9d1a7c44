"""A module that is imported without need is executed when it is used, and else never."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from usage_pipeline.validation.importing import execute_when_used


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with a module `slow`, which says so when it is executed."""
    name = f"package_of_{tmp_path.name}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "slow.py").write_text("print('executed')\nanswer = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    # Hypothesis looks at every module, and one that waits would be executed when its file is gone.
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_a_module_is_not_executed_by_an_import_of_it(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        execute_when_used(f"{package}.slow")
    exec(f"from {package} import slow; import {package}.slow")  # noqa: S102 - the two ways of Great Expectations
    assert not capsys.readouterr().out


def test_a_module_is_executed_when_it_is_used(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute_when_used(f"{package}.slow")
    assert sys.modules[package].slow.answer == 42
    assert capsys.readouterr().out == "executed\n"


def test_a_module_that_was_imported_before_stays(package: str) -> None:
    before = import_module(f"{package}.slow")
    execute_when_used(f"{package}.slow")
    assert sys.modules[f"{package}.slow"] is before


def test_a_module_of_no_package_is_executed_when_it_is_used(
    package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / package / "__init__.py").write_text("print('executed')\nanswer = 42\n")
    execute_when_used(package)
    imported = import_module(package)
    assert not capsys.readouterr().out
    assert (imported.answer, imported.answer) == (42, 42)
    assert capsys.readouterr().out == "executed\n"


def test_what_a_module_does_not_have_is_missed_as_usual(package: str) -> None:
    execute_when_used(f"{package}.slow")
    with pytest.raises(AttributeError, match="has no attribute 'question'"):
        _ = sys.modules[f"{package}.slow"].question
