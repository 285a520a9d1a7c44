"""How rows are printed."""

from decimal import Decimal

import pytest

from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.cli.output import note, print_rows


def test_csv_has_exact_numbers_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"by": "=cmd|'/c calc'!A1", "cost": Decimal("-1E-7"), "evidence": ({"-m": Decimal(2)},), "note": None}
    print_rows([row], list(row), OutputFormat.CSV)
    assert capsys.readouterr().out == (
        'by,cost,evidence,note\n\'=cmd|\'/c calc\'!A1,-0.0000001,"[{""-m"": ""2""}]",\n'
    )


def test_truth_is_a_word_to_the_left_in_a_table_and_as_in_json_in_csv(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"is_over": True, "of": "a"}, {"is_over": False, "of": "b"}, {"is_over": None, "of": "c"}]
    print_rows(rows, ["is_over", "of"], OutputFormat.TABLE)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.strip(" ─")] == [
        " is_over  of",
        " yes      a",
        " no       b",
        " –        c",
    ]
    print_rows(rows, ["is_over", "of"], OutputFormat.CSV)
    assert capsys.readouterr().out == "is_over,of\ntrue,a\nfalse,b\n,c\n"


VALUES = ("[bold]", ":smile:", "a\\[b]", None, 1234)


def test_a_table_has_each_value_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"value": value} for value in VALUES], ["value"], OutputFormat.TABLE)
    _, _, *lines = capsys.readouterr().out.split("\n")
    assert [line.strip() for line in lines] == ["─" * 8, "[bold]", ":smile:", "a\\[b]", "–", "1,234", "", ""]


def test_a_table_with_a_value_of_several_lines_keeps_rows_apart(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": "one\ntwo", "line": "1"}, {"text": "three", "line": "2"}]
    print_rows(rows, ["text", "line"], OutputFormat.TABLE)
    assert [line.split() for line in capsys.readouterr().out.splitlines()[3:6]] == [
        ["one", "1"],
        ["two"],
        ["three", "2"],
    ]


@pytest.mark.parametrize("width", range(185, 201))
def test_a_cell_that_wraps_stays_in_its_row(capsys: pytest.CaptureFixture[str], width: int) -> None:
    rows = [{"text": "1" * width, "row": "first"}, {"text": "2" * width, "row": "second"}]
    print_rows(rows, ["text", "row"], OutputFormat.TABLE)
    lines = capsys.readouterr().out.splitlines()
    first, second = ([number for number, line in enumerate(lines) if sign in line] for sign in ("1", "second"))
    assert max(first) < min(second)


def test_notes_and_titles_have_each_name_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    note("There is nothing of [/d] and [red].")
    print_rows([{"value": "wide enough"}], ["value"], OutputFormat.TABLE, "Use of [/d]")
    printed = capsys.readouterr()
    assert printed.err == "Note: There is nothing of [/d] and [red].\n"
    assert printed.out.splitlines()[0].strip() == "Use of [/d]"
