"""Compares a provider's export with the metered usage, by day, model and measure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum

from usage_pipeline.reconcile.export import ALL_MODELS, Export, Measure
from usage_pipeline.reconcile.names import Names
from usage_pipeline.reconcile.ours import Key, Ours, Values, read_ours
from usage_pipeline.storage.opened import Storage

_PRECISION = 100
"""Digits that hold any sum of amounts whole, and a drift far beyond its decimals."""

_DRIFT = Decimal("0.000001")
"""The last decimal of a drift."""


class Status(StrEnum):
    """How the two sides compare."""

    MATCHED = "matched"
    DIFFERENT = "different"
    OURS_ONLY = "ours_only"
    """The provider says nothing of the model on the day."""
    THEIRS_ONLY = "theirs_only"
    """Nothing of the model was metered here on the day."""


@dataclass(frozen=True)
class Comparison:
    """One measure of a model on a day: tokens, or US dollars. A side that says nothing of the model is null."""

    day: date
    model: str
    measure: Measure
    ours: int | Decimal | None
    """Null too for an amount of tokens that have no price."""
    theirs: int | Decimal | None
    difference: int | Decimal | None
    """Ours less theirs."""
    drift: Decimal | None
    """The difference in percent of theirs, rounded half away from zero to 6 decimals; null without theirs."""
    status: Status


@dataclass(frozen=True)
class Reconciliation:
    """All that was compared, in order of day, model and measure, and what ours left out."""

    comparisons: tuple[Comparison, ...]
    ours: Ours

    @property
    def agrees(self) -> bool:
        """Whether all is matched."""
        return all(entry.status is Status.MATCHED for entry in self.comparisons)


@dataclass(frozen=True)
class Question:
    """What to compare: which days of the export, of which tenant, and by how many percent it may differ."""

    days: Sequence[date]
    """In order, each of them whole in the export."""
    tenant: str | None = None
    """All together without one."""
    tolerance: Decimal = Decimal(0)


def reconcile(storage: Storage, provider: str, export: Export, question: Question) -> Reconciliation:
    """Compare the export with what was metered of this provider's models."""
    names = Names(storage, provider)
    with localcontext(prec=_PRECISION):
        ours = read_ours(storage, export, question.days, names, question.tenant)
        compared = _compare(
            _stated(ours.values), _stated(_theirs(export, question.days, names)), question.tolerance
        )
        return Reconciliation(tuple(compared), ours)


def _theirs(export: Export, days: Collection[date], names: Names) -> Values:
    """What the provider says, names of one model taken together."""
    found: dict[Key, int | Decimal] = {}
    for day, name, entry in export.entries():
        if day in days:
            model = name if name == ALL_MODELS else names.theirs(name, day)
            for measure, value in entry.values.items():
                found[day, model, measure] = found.get((day, model, measure), 0) + value
    return found


def _stated(values: Values) -> Values:
    """Without zeros: a model of which there is nothing is not there."""
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
    """By exact products, not by the rounded drift."""
    within = difference is not None and abs(Decimal(difference)) * 100 <= tolerance * abs(Decimal(theirs or 0))
    return Status.MATCHED if within else Status.DIFFERENT


def _drift(difference: int | Decimal | None, theirs: int | Decimal | None) -> Decimal | None:
    if difference is None or not theirs:
        return None
    return (Decimal(difference) * 100 / theirs).quantize(_DRIFT, ROUND_HALF_UP)
