"""Simulations that tests share, and what was written."""

import gzip
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from usage_pipeline.simulation.batch import MODELS, NO_FEATURE, Batch, Named
from usage_pipeline.simulation.settings import Simulation

LAST_DAY = date(2026, 5, 30)


def small(seed: int = 1, **values: Any) -> Simulation:
    """5 days of 4 tenants with 400 events a day each, ending on 2026-05-30."""
    return Simulation(
        **{"days": 5, "tenants": 4, "events_per_day": 400, "seed": seed, "last_day": LAST_DAY, **values}
    )


def event(
    model: str = "(none)", minute: int = 0, of_type: str = "", feature: str = NO_FEATURE, **measures: int
) -> Batch:
    """A batch of one event."""
    zero = np.array([0])
    arrays = {name: np.array([value]) for name, value in {"records": 1, **measures}.items()}
    models = np.array([MODELS.tolist().index(model)])
    names = (Named((of_type,), zero), Named((feature,), zero))
    return Batch(0, 0, zero, zero + minute * 60_000, zero, *names, models, zero - 1, arrays, np.array([""]))


def truth_of(out: Path) -> dict[str, Any]:
    """The truth file."""
    return dict(json.loads((out / "truth.json").read_text(encoding="utf-8")))


def content_digest(out: Path) -> str:
    """One digest of all names and bytes below the folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(out)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def lines_of(path: Path) -> list[bytes]:
    """The lines of a landing file."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.decompress(content)
    return content.split(b"\n")[:-1]
