"""Compares a provider's export with the metered usage, by day, model and measure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction

from usage_pipeline.reconcile.export import ALL_MODELS, Export, Measure
from usage_pipeline.reconcile.fields import EXACT
from usage_pipeline.reconcile.names import Names
from usage_pipeline.reconcile.ours import Key, Ours, Values, read_ours
from usage_pipeline.storage.opened import Storage

_DRIFT_DECIMALS = 6


class Status(StrEnum):
    """The result of a comparison."""

    MATCHED = "matched"
    DIFFERENT = "different"
    OURS_ONLY = "ours_only"
    """The export has nothing of the model on the day."""
    THEIRS_ONLY = "theirs_only"
    """No usage of the model was metered on the day."""


@dataclass(frozen=True)
class Comparison:
    """One measure of a model on a day, in tokens or US dollars. A side without the model is null."""

    day: date
    model: str
    measure: Measure
    ours: int | Decimal | None
    """Also null if none of the tokens has a price."""
    theirs: int | Decimal | None
    difference: int | Decimal | None
    """Ours less theirs."""
    drift: Decimal | None
    """The difference in percent of theirs, rounded half away from zero to 6 decimals; null without theirs."""
    status: Status


@dataclass(frozen=True)
class Reconciliation:
    """The comparisons in order of day, model and measure, and the metered usage with what it leaves out."""

    comparisons: tuple[Comparison, ...]
    ours: Ours

    @property
    def agrees(self) -> bool:
        """True if every row is matched."""
        return all(entry.status is Status.MATCHED for entry in self.comparisons)


@dataclass(frozen=True)
class Question:
    """The days to compare, one tenant or all, and the tolerance in percent."""

    days: Sequence[date]
    """In order; the export covers each of them whole."""
    tenant: str | None = None
    tolerance: Decimal = Decimal(0)


def reconcile(storage: Storage, provider: str, export: Export, question: Question) -> Reconciliation:
    """Compare the export with the metered usage of the provider's models."""
    names = Names(storage, provider)
    with localcontext(EXACT):
        ours = read_ours(storage, export, question.days, names, question.tenant)
        theirs = _theirs(export, question.days, names)
        compared = _compare(_without_zeros(ours.values), _without_zeros(theirs), question.tolerance)
        return Reconciliation(tuple(compared), ours)


def _theirs(export: Export, days: Collection[date], names: Names) -> Values:
    """Sum the export by day, model and measure; all names of a model are one."""
    found: dict[Key, int | Decimal] = {}
    for day, name, entry in export.entries():
        if day in days:
            model = name if name == ALL_MODELS else names.theirs(name, day)
            for measure, value in entry.values.items():
                found[day, model, measure] = found.get((day, model, measure), 0) + value
    return found


def _without_zeros(values: Values) -> Values:
    """Drop zeros, so that a model with nothing else counts as absent."""
    return {key: value for key, value in values.items() if value != 0}


def _compare(ours: Values, theirs: Values, tolerance: Decimal) -> Iterator[Comparison]:
    our_models, their_models = ({key[:2] for key in side} for side in (ours, theirs))
    order = list(Measure)
    for key in sorted({*ours, *theirs}, key=lambda key: (*key[:2], order.index(key[2]))):
        our = ours.get(key, 0 if key[:2] in our_models else None)
        their = theirs.get(key, 0 if key[:2] in their_models else None)
        difference = None if our is None or their is None else our - their
        status = (
            Status.OURS_ONLY
            if key[:2] not in their_models
            else Status.THEIRS_ONLY
            if key[:2] not in our_models
            else _status(difference, their, tolerance)
        )
        yield Comparison(*key, our, their, difference, _drift(difference, their), status)


def _status(difference: int | Decimal | None, theirs: int | Decimal | None, tolerance: Decimal) -> Status:
    # Exact products decide, not the rounded drift.
    within = difference is not None and abs(Decimal(difference)) * 100 <= tolerance * abs(Decimal(theirs or 0))
    return Status.MATCHED if within else Status.DIFFERENT


def _drift(difference: int | Decimal | None, theirs: int | Decimal | None) -> Decimal | None:
    if difference is None or not theirs:
        return None
    units = Fraction(difference) * 100 * 10**_DRIFT_DECIMALS / Fraction(theirs)
    rounded = (abs(units) + Fraction(1, 2)) // 1
    return Decimal(-rounded if units < 0 else rounded).scaleb(-_DRIFT_DECIMALS)
