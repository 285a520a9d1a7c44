"""Skipped and superseded lines of who is erased go, too, where the id is a number without quotes."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.retention.erasure.erasing import erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import ALL, MAY_1, Run, sums
from usage_pipeline_tests.support import Landing, files

FORMAT = """
description: Calls with numbers for ids, whose lines grow.
format: jsonl
identity: [$.id]
repeats: last
skip: [{field: $.kind, is: [note]}]
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
fields: {member_id: $.member, tokens_in: $.tokens}
"""


def call(record_id: str, tenant: int, **fields: object) -> dict[str, object]:
    return {"id": record_id, "tenant": tenant, "member": 77, "at": f"{MAY_1}T08:00:00Z", "tokens": 1042, **fields}


@pytest.mark.parametrize("subject", [Subject("1042"), Subject("1042", "77")])
def test_lines_that_were_set_aside_are_blanked(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object], subject: Subject
) -> None:
    add_format("growing", FORMAT)
    own = [call("a", 1042, tokens=1), call("n", 1042, kind="note"), call("a", 1042)]
    others = [call("b", 7, tokens=77), call("m", 7, kind="note"), call("b", 7)]
    path = landing.write("growing", MAY_1, [line for pair in zip(own, others, strict=True) for line in pair])
    run()
    file, before = files(storage)["events.jsonl"], sums(storage)
    assert (file.superseded, file.skipped, file.accepted) == (2, 2, 2)
    assert erase(storage, ALL, subject, by="me", reason="a request") is not None
    expected = [text for line in others for text in ("", json.dumps(line))]
    assert path.read_text().splitlines() == expected
    assert run().landed == []
    assert (sums(storage), find_stale(storage)) == (before, {})
