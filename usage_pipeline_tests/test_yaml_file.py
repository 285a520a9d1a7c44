"""Entries of the files that people edit: every error names file, key and what may stand there, in plain words."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.pipeline.edited_files import DESCRIPTIONS
from usage_pipeline.settings import Settings
from usage_pipeline.tenants.models import Amount, Money
from usage_pipeline.yaml_file import parse_entry, read_once


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = 1


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=3)] = "a"
    day: date | None = None
    amount: Amount = Decimal(0)
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    count: Annotated[int, Field(ge=1, le=9)] = 1
    bound: int | float = 1
    kind: Literal["one", "two"] = "one"
    on: bool = False
    words: Annotated[tuple[str, ...], Field(min_length=1)] = ("a",)
    inner: Inner = Inner()
    by_name: dict[Literal["x"], Inner] = {}
    price: Money | None = None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (7, "expected keys with values, as in `key: value`, found 7."),
        ({"nam": "a"}, "nam: there is no such key; did you mean 'name'?"),
        ({"zzz": 1}, "zzz: there is no such key."),
        ({"name": 7}, "name: expected a text, found 7."),
        ({"name": ""}, "name: expected a text that is not empty, found ''."),
        ({"name": "abcd"}, "name: expected at most 3 characters, found 'abcd'."),
        ({"day": "2026-02-30"}, "day: expected a day, YYYY-MM-DD, found '2026-02-30'."),
        ({"day": [1]}, "day: expected a day, YYYY-MM-DD, found [1]."),
        ({"amount": 0.1}, 'amount: expected a decimal number in quotes, such as "99.50".'),
        ({"amount": "much"}, "amount: expected a decimal number in quotes, such as \"99.50\", found 'much'."),
        ({"share": "half"}, "share: expected a number, found 'half'."),
        ({"share": 0}, "share: expected more than 0.0, found 0."),
        ({"share": 1}, "share: expected less than 1.0, found 1."),
        ({"count": 0}, "count: expected 1 or more, found 0."),
        ({"count": 10}, "count: expected 9 or less, found 10."),
        ({"count": 1.5}, "count: expected a whole number, found 1.5."),
        ({"kind": "three"}, "kind: expected 'one' or 'two', found 'three'."),
        ({"on": "perhaps"}, "on: expected true or false, found 'perhaps'."),
        ({"words": "a"}, "words: expected a list, found 'a'."),
        ({"words": []}, "words: expected a list that is not empty, found []."),
        ({"words": ["a", 7]}, "words.1: expected a text, found 7."),
        ({"inner": {"size": "big"}}, "inner.size: expected a whole number, found 'big'."),
        ({"inner": {"sise": 1}}, "inner.sise: there is no such key."),
        ({"by_name": {"y": {}}}, "by_name.y: expected 'x', found 'y'."),
        ({"price": {"amount": "1"}}, "price.currency: it is missing."),
        (
            {"price": {"amount": "1", "currency": "usd"}},
            "price.currency: expected a currency of three capital letters, such as USD.",
        ),
    ],
)
def test_an_error_names_the_place_the_key_and_what_may_stand_there(content: object, problem: str) -> None:
    with pytest.raises(ReferenceFileError) as raised:
        parse_entry(Entry, content, "file.yaml: e1", ReferenceFileError)
    assert str(raised.value) == f"file.yaml: e1: {problem}"


def test_forms_of_a_number_are_one_key() -> None:
    with pytest.raises(ReferenceFileError) as raised:
        parse_entry(Entry, {"bound": "high"}, "file.yaml: e1", ReferenceFileError)
    assert str(raised.value).splitlines() == [
        "file.yaml: e1: bound: expected a whole number, found 'high'.",
        "file.yaml: e1: bound: expected a number, found 'high'.",
    ]


def test_a_file_is_parsed_again_only_if_its_text_has_changed(tmp_path: Path) -> None:
    parsed, file = [], tmp_path / "words.yaml"

    @read_once
    def words(_: Path, text: str) -> tuple[str, ...]:
        parsed.append(text)
        return tuple(text.split())

    assert (words(file), words(file)) == ((), ())
    for text in ("a b", "a b", "b a"):
        file.write_text(text, encoding="utf-8")
        assert words(file) == tuple(text.split())
    assert parsed == ["", "a b", "b a"]


def _a_folder(file: Path) -> None:
    file.mkdir()


def _a_link(file: Path) -> None:
    file.symlink_to("gone.yaml")


def _utf_16(file: Path) -> None:
    file.write_text("- {id: one}", encoding="utf-16-le")


def _utf_16_with_a_mark(file: Path) -> None:
    file.write_bytes(b"\xff\xfe" + "- {id: one}".encode("utf-16-le"))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_a_folder, "cannot be read: Is a directory"),
        (_a_link, "a link that leads nowhere; remove it, or put the file itself here."),
        (_utf_16, "not valid YAML: unacceptable character #x0000: control characters are not allowed\n"),
        (
            _utf_16_with_a_mark,
            (
                "not valid YAML: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte. "
                "Save it in UTF-8."
            ),
        ),
    ],
)
@pytest.mark.parametrize("name", ["tenants", "plans", "prices", "limits"])
def test_what_is_no_file_of_text_is_an_error_and_not_as_if_it_were_empty(
    tmp_path: Path, name: str, make: Callable[[Path], None], problem: str
) -> None:
    file = tmp_path / f"{name}.yaml"
    make(file)
    describe = DESCRIPTIONS["tenants" if name == "plans" else name]
    with pytest.raises(ReferenceFileError) as raised:
        describe(Settings.load(reference_dir=tmp_path))
    assert str(raised.value).startswith(f"{file}: {problem}")
