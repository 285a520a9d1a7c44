"""`holidays.yaml`: which days it names, and what is said of a broken one."""

from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.insights.anomalies.holidays import holidays_of, read_holidays, unknown_tenants

FILE = """
- {day: 2026-12-25, to: 2026-12-26, name: Christmas}
- {day: 2026-11-26, name: Thanksgiving, tenants: [acme]}
"""


def written(folder: Path, text: str) -> Path:
    """The file with this text."""
    file = folder / "holidays.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_holidays_are_of_all_tenants_or_of_some(tmp_path: Path) -> None:
    found = read_holidays(written(tmp_path, FILE))
    christmas = {date(2026, 12, 25), date(2026, 12, 26)}
    assert holidays_of(found, "acme") == christmas | {date(2026, 11, 26)}
    assert holidays_of(found, "globex") == holidays_of(found, None) == christmas


def test_the_same_days_of_other_tenants_are_no_repetition(tmp_path: Path) -> None:
    entries = [f"- {{day: 2026-11-26, name: Thanksgiving, tenants: [{tenant}]}}" for tenant in ("acme", "globex")]
    assert len(read_holidays(written(tmp_path, "\n".join(entries)))) == 2


def test_a_tenant_that_nobody_knows_is_named(tmp_path: Path) -> None:
    (problem,) = unknown_tenants(read_holidays(written(tmp_path, FILE)), ["acne"])
    assert problem.startswith("holidays.yaml: there is no tenant 'acme': no usage of it has landed")


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert read_holidays(tmp_path / "holidays.yaml") == ()


def test_the_examples_of_the_file_that_people_edit_can_be_used(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "data" / "reference" / "holidays.yaml"
    assert read_holidays(shipped) == ()
    examples = shipped.read_text(encoding="utf-8").replace("# - {", "- {")
    assert [entry.name for entry in read_holidays(written(tmp_path, examples))] == ["Christmas", "Thanksgiving"]


BROKEN = {
    "- {day: 2026-12-25, name: Christmas, tenants: []}": (
        "Christmas: tenants: expected at least one; leave the key out for all."
    ),
    "- {day: 25 December, name: Christmas}": "Christmas: day: expected a day, YYYY-MM-DD, found '25 December'.",
    "- {day: 2026-12-26, to: 2026-12-25, name: Christmas}": (
        "Christmas: to: expected a day after 2026-12-26, and 31 days at most."
    ),
    "- {day: 2026-12-25}": "entry 1: name: it is missing.",
    "- {day: 2026-12-25, name: Christmas, tenant: acme}": (
        "Christmas: tenant: there is no such key; did you mean 'tenants'?"
    ),
    "- {day: 2026-12-25, name: Christmas}\n- {day: 2026-12-25, to: 2026-12-25, name: Xmas, tenants: [acme]}": (
        "Xmas: 2026-12-25 is the entry Christmas already, of the same tenants. Remove one of the two."
    ),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_entry_is_named(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ReferenceFileError) as told:
        read_holidays(file)
    assert str(told.value) == f"{file}: {BROKEN[text]}"


def test_what_is_told_of_an_open_bracket_fits_the_file(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError) as told:
        read_holidays(written(tmp_path, "- {day: 2026-12-25, name: Christmas"))
    hint = "Close each [ and {, and put a text with brackets, commas or colons within them in quotes."
    assert str(told.value).splitlines()[-1] == hint
