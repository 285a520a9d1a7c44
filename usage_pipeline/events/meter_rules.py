"""Which fields and types a format may have that lists the only metrics of its source."""

from collections.abc import Collection, Mapping

from usage_pipeline.events import catalogue
from usage_pipeline.events.format_parts import METER_OF_FIELD


def expect_metered(
    meters: Collection[str],
    fields: Collection[str],
    types: Mapping[str, str | None],
    record_types: Collection[str],
) -> None:
    """Raise ValueError if a field or a type brings a metric that `meters` does not list."""
    for field in sorted(fields):
        meter = "conversations" if field == "conversation_id" else METER_OF_FIELD.get(field)
        if meter is not None and meter not in meters:
            raise ValueError(
                f"fields.{field} brings {meter}, which `meters` does not list; add it, or remove the field"
            )
    logged = {target or name: name for name, target in types.items()}
    for name in sorted(record_types):
        entry = catalogue.find(name)
        extra = sorted(entry.brings - frozenset(meters)) if entry else []
        if extra:
            raise ValueError(
                f"types.{logged.get(name, name)} brings {extra[0]}, which `meters` does not list; add it"
            )
