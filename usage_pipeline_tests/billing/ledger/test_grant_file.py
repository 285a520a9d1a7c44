from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.billing.ledger.grant_file import GrantEntry, read_grants
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline_tests.support import shared

KEYS = {
    "id": "one",
    "tenant": "acme",
    "kind": "topup",
    "amount": '"100"',
    "effective_at": "2026-02-20T15:00:00Z",
    "reason": "purchased",
}


def entry(**keys: str | None) -> str:
    """An entry with these keys changed, or left out where they are None."""
    written = {name: value for name, value in {**KEYS, **keys}.items() if value is not None}
    return "- {" + ", ".join(f"{name}: {value}" for name, value in written.items()) + "}\n"


def read(folder: Path, text: str) -> list[GrantEntry]:
    file = folder / "grants.yaml"
    file.write_text(text)
    return read_grants(file)


def test_the_shared_example_is_read() -> None:
    topup, goodwill = read_grants(shared("reference", "grants.yaml"))
    assert (topup.amount, topup.expires_at) == (Decimal(10000), datetime(2026, 8, 20, 15, tzinfo=UTC))
    assert (goodwill.kind, goodwill.priority, goodwill.expires_at) == ("adjustment", 10, None)


def test_a_time_of_another_zone_is_read_in_utc(tmp_path: Path) -> None:
    (found,) = read(tmp_path, entry(effective_at='"2026-02-20T15:00:00+01:00"'))
    assert found.effective_at == datetime(2026, 2, 20, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry(id=None), "entry 1: id: it is missing."),
        (entry(id='"allocation/2026-01-01"'), "id: expected 1 to 100 letters, digits, dots, colons, - and _."),
        (entry(amount="100"), 'one: amount: expected a decimal number in quotes, such as "99.50".'),
        (entry(amount='"0"'), "one: amount: expected an amount other than 0, with at most 12 decimals"),
        (
            entry(amount='"0.0000000000001"'),
            "one: amount: expected an amount other than 0, with at most 12 decimals",
        ),
        (
            entry(amount='"1000000000000000000000000"'),
            "one: amount: expected an amount other than 0, with at most 12 decimals",
        ),
        (entry(amount='"NaN"'), "one: amount: "),
        (entry(amount='"1_000"'), "one: amount: expected a decimal number in plain digits"),
        (entry(amount='"-5"'), "one: an amount below 0 needs `lowers`, the id of the grant that it takes from."),
        (entry(amount='"-5"', lowers="two"), "one: what lowers a grant is an adjustment, and does not expire."),
        (entry(lowers="two"), "one: an amount below 0 needs `lowers`"),
        (entry(kind="allocation"), "one: kind: expected 'topup' or 'adjustment', found 'allocation'."),
        (entry(effective_at="2026-02-20"), "one: effective_at: "),
        (entry(effective_at="2026-02-20T15:00:00"), "one: effective_at: expected a time with its zone, in whole"),
        (
            entry(effective_at="2026-02-20T15:00:00.5Z"),
            "one: effective_at: expected a time with its zone, in whole",
        ),
        (entry(effective_at='"0001-01-01T00:00:00+01:00"'), "effective_at: expected a time with its zone"),
        (entry(expires_at="2026-02-20T15:00:00Z"), "one: expires_at is not after effective_at; it is the first"),
        (entry(priority="-1"), "one: priority: expected 0 or more, found -1."),
        (entry(reason='""'), "one: reason: expected a text that is not empty, found ''."),
        (entry() + entry(), "one: id: two entries have it; rename one."),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReferenceFileError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'grants.yaml'}: ")
    assert told in str(error.value)
