"""A suite is data: what may stand in it, and what is said of one that is broken."""

from pathlib import Path

import pytest

from usage_pipeline.errors import SuiteError
from usage_pipeline.settings import Settings
from usage_pipeline.validation.checks import Severity
from usage_pipeline.validation.suite_files import load_suites, shipped_suites


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "suites"
    found.mkdir()
    return found


@pytest.fixture
def own(folder: Path) -> Settings:
    return Settings.load(suites_dir=folder)


def test_the_shipped_checks() -> None:
    assert {name: list(suite.entries) for name, suite in shipped_suites().items()} == {
        "landed_events": [
            "columns_are_there",
            "something_landed",
            "as_much_as_usual",
            "keys_are_filled",
            "types_are_known",
            "models_are_known",
            "latencies_are_plausible",
            "tokens_are_plausible",
            "few_lines_are_rejected",
        ],
        "usage_records": [
            "columns_are_there",
            "something_was_used",
            "as_much_as_usual",
            "ids_are_unique",
            "keys_are_filled",
            "happened_on_the_day",
            "tokens_add_up",
            "counts_are_not_negative",
        ],
    }


def test_only_a_broken_schema_is_an_error() -> None:
    checks = [check for suite in shipped_suites().values() for check in suite.checks]
    errors = {check.key for check in checks if check.severity is Severity.ERROR}
    assert errors == {("landed_events", "columns_are_there"), ("usage_records", "columns_are_there")}


def test_an_own_entry_is_added(folder: Path, own: Settings) -> None:
    (folder / "usage_records.yaml").write_text(
        "members_are_named: {description: All have a member., expect: not_null, columns: [member_id]}\n"
    )
    assert [*load_suites(own)["usage_records"].entries][-1] == "members_are_named"


def test_an_own_entry_takes_the_place_of_the_shipped_one(folder: Path, own: Settings) -> None:
    (folder / "usage_records.yaml").write_text(
        "something_was_used: {description: A busy day., expect: rows, at_least: 1000}\n"
    )
    assert load_suites(own)["usage_records"].entries["something_was_used"].description == "A busy day."


def test_off_leaves_a_shipped_entry_out(folder: Path, own: Settings) -> None:
    (folder / "landed_events.yaml").write_text("models_are_known: off\n")
    assert "models_are_known" not in load_suites(own)["landed_events"].entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Big: {}", "Big: expected a name of small letters, digits and _ that begins with a letter."),
        ("big: 7", "big: expected the keys of a check, or `off` to leave a shipped one out."),
        ("big: off", "big: no shipped check has this name; remove the entry."),
        (
            "big: {description: d, expect: rowz}",
            "big: expect: expected one of columns, rows, usual_rows, not_null, unique",
        ),
        ("big: {expect: rows}", "big: description: it is missing."),
        ("big: {description: d, expect: rows, at_leest: 3}", "big: at_leest: there is no such key; did you mean"),
        (
            "big: {description: d, expect: rows, at_least: many}",
            "big: at_least: expected a whole number, found 'many'.",
        ),
        (
            "big: {description: d, expect: not_null, columns: [tenant]}",
            "big: usage_records has no column 'tenant'; did you mean 'tenant_id'?",
        ),
        ("big: {description: d, expect: between, column: tokens_in}", "big: give min, max or both."),
        (
            "big: {description: d, expect: number, select: DROP TABLE x, at_most: 1}",
            "big: select: expected one SELECT that gives one number.",
        ),
        ("big: {a: 1, a: 2}", "not valid YAML"),
    ],
)
def test_a_broken_entry_is_named_with_file_and_key(folder: Path, own: Settings, text: str, said: str) -> None:
    file = folder / "usage_records.yaml"
    file.write_text(text)
    with pytest.raises(SuiteError) as error:
        load_suites(own)
    assert str(error.value).startswith(f"{file}: {said}")


def test_a_file_for_a_table_without_a_suite_is_refused(folder: Path, own: Settings) -> None:
    (folder / "records.yaml").write_text("")
    with pytest.raises(SuiteError, match=r"expected landed_events.yaml or usage_records.yaml"):
        load_suites(own)


def test_hidden_files_of_editors_are_no_suites(folder: Path, own: Settings) -> None:
    (folder / ".#usage_records.yaml").symlink_to("ann@desk.4711:1796000000")
    assert load_suites(own) == shipped_suites()


def test_a_link_that_leads_nowhere_is_refused(folder: Path, own: Settings) -> None:
    (folder / "usage_records.yaml").symlink_to("gone.yaml")
    with pytest.raises(SuiteError, match=r"usage_records\.yaml: a link that leads nowhere"):
        load_suites(own)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no such directory"):
        load_suites(Settings.load(suites_dir=tmp_path / "nowhere"))
