"""Reads the file of an export: one page of an answer of the provider's API, or a list of pages."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from usage_pipeline.errors import ProviderFileError
from usage_pipeline.reconcile import anthropic, openai
from usage_pipeline.reconcile.export import Bucket, Export, Format, Provider
from usage_pipeline.reconcile.fields import Part

_FORMATS: Mapping[Provider, Format] = {Provider.OPENAI: openai.FORMAT, Provider.ANTHROPIC: anthropic.FORMAT}


def read_export(file: Path, provider: Provider) -> Export:
    """Read the file. Raises ProviderFileError, naming file, bucket and field."""
    pages = _pages(file)
    written = [bucket for page in pages for bucket in page.parts("data")]
    of_costs = _of_costs(written)
    buckets = sorted(
        (_bucket(file, part, _FORMATS[provider], of_costs=of_costs) for part in written),
        key=lambda bucket: bucket.start,
    )
    _expect_no_overlap(file, buckets)
    return Export(tuple(buckets), of_costs, has_more=pages[-1].fields.get("has_more") is True)


def _pages(file: Path) -> list[Part]:
    try:
        content = json.loads(file.read_bytes(), parse_float=_decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as problem:
        raise ProviderFileError(f"{file}: not valid JSON: {problem}.") from None
    except OSError as problem:
        raise ProviderFileError(f"{file}: cannot be read: {problem.strerror}.") from None
    pages = content if isinstance(content, list) else [content]
    if not pages or not all(isinstance(page, dict) for page in pages):
        raise ProviderFileError(f"{file}: expected a page as the provider's API answers, or a list of pages.")
    several = len(pages) > 1
    return [Part(str(file), f"page[{index}]." if several else "", page) for index, page in enumerate(pages)]


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond all numbers
        _refuse(text)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _of_costs(buckets: list[Part]) -> bool:
    """Return True if the results are costs. Raises ProviderFileError if only some are."""
    results = [result for bucket in buckets for result in bucket.parts("results")]
    priced = [result for result in results if "amount" in result.fields]
    if priced and len(priced) < len(results):
        other = next(result for result in results if "amount" not in result.fields)
        raise other.wrong("amount", "one, as other results have it; usage and costs need a file each")
    return bool(priced)


def _bucket(file: Path, written: Part, form: Format, *, of_costs: bool) -> Bucket:
    start, end = form.time(written, form.start), form.time(written, form.end)
    where = f"{file}: bucket {_shown(start)}"
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if not timedelta() < end - start <= midnight - start + timedelta(days=1):
        raise ProviderFileError(
            f"{where}: it ends {_shown(end)}; expected buckets of a day (UTC) or less, such as 1d."
        )
    results = Part(where, "", written.fields).parts("results")
    return Bucket(start, end, tuple(map(form.cost if of_costs else form.usage, results)))


def _expect_no_overlap(file: Path, buckets: list[Bucket]) -> None:
    for earlier, later in pairwise(buckets):
        if later.start < earlier.end:
            raise ProviderFileError(
                f"{file}: bucket {_shown(later.start)}: it overlaps the one that begins "
                f"{_shown(earlier.start)}; is a page in the file twice?"
            )


def _shown(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
