"""What the reject reasons mean, in a few words each. docs/formats.md says more about them."""

INVALID = "invalid_<column>"
"""Stands for the reasons of all columns whose field is there, but not of the expected form."""

MEANINGS = {
    "malformed_json": "The line is not valid JSON, or cut off",
    "not_an_object": "The line is JSON, but not one object",
    "malformed_csv": "Other fields than the header, or an open quote",
    "not_utf8": "The line is not UTF-8 text",
    "line_too_long": "The line is longer than 16 MiB",
    "missing_tenant_id": "Neither the line nor its folder names a tenant",
    "tenant_mismatch": "The line and its folder name two tenants",
    "missing_record_id": "The line has no id",
    "missing_type": "The line does not say what happened",
    "missing_occurred_at": "The line does not say when it happened",
    "missing_void_source": "A void does not say whose record it takes back",
    "missing_void_record_id": "A void does not say which record it takes back",
    "unknown_type": "The format lists no such type of event",
    INVALID: "A value is not of the expected form",
    "token_invariant": "More cached than input, or reasoning than output",
    "timestamp_in_future": "It happened after the day on which it landed",
    "past_retention": "It is older than the plan of its tenant keeps",
    "before_calendar": "It happened before the first day of the calendar",
}


def listed_as(reason: str) -> str:
    """The word of MEANINGS that a reason stands under."""
    return INVALID if reason.startswith("invalid_") else reason
