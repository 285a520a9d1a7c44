"""The aider log, which nobody here wrote: where it lies beside the checkout, and what it must come to."""

import json
import shutil
from pathlib import Path
from typing import Any

from bench.datasets import Prepared

_PROJECT = Path(__file__).parents[1]
SHARED = _PROJECT.parent / "shared"
_FOLDER = SHARED / "data" / "aider_analytics"
LOG = _FOLDER / "events.jsonl.zst"
_LANDED = f"aider/2026-04-26/aider/{LOG.name}"
_MEASURES = {"prompts": "n", "tokens_in": "input", "tokens_out": "output", "tokens_total": "total"}
"""What its truth says of a day, under the names of our metrics."""


def lay_real_log(prepared: Prepared) -> None:
    """Put the log into the landing folder, with the plans and prices that it needs."""
    target = prepared.landing / _LANDED
    target.parent.mkdir(parents=True)
    shutil.copyfile(LOG, target)
    reference = prepared.folder / "reference"
    shutil.copytree(SHARED / "reference", reference, copy_function=shutil.copyfile)
    shutil.copyfile(_PROJECT / "data" / "reference" / "prices.yaml", reference / "prices.yaml")
    truth = json.loads((_FOLDER / "truth.json").read_text(encoding="utf-8"))
    prepared.truth.write_text(json.dumps(_as_ours(truth)), encoding="utf-8")


def _as_ours(truth: dict[str, Any]) -> dict[str, Any]:
    """The truth in the form in which the simulator writes its own."""
    days = {
        day: {"aider": {ours: cell[theirs] for ours, theirs in _MEASURES.items()}}
        for day, cell in truth["per_day_utc"].items()
    }
    return {"totals": {"records": truth["lines"]}, "days": days, "files": {_LANDED: {}}}
