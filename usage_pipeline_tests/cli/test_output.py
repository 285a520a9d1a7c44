"""How rows are printed."""

from decimal import Decimal

import pytest

from usage_pipeline.cli.options import OutputFormat
from usage_pipeline.cli.output import print_rows


def test_csv_has_exact_numbers_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"by": "=cmd|'/c calc'!A1", "cost": Decimal("-1E-7"), "evidence": ({"-m": Decimal(2)},), "note": None}
    print_rows([row], list(row), OutputFormat.CSV)
    assert capsys.readouterr().out == (
        'by,cost,evidence,note\n\'=cmd|\'/c calc\'!A1,-0.0000001,"[{""-m"": ""2""}]",\n'
    )
