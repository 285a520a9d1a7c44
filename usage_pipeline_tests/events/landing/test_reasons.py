"""Every reject reason that there is has a meaning in words."""

import re

from usage_pipeline.events.landing.rejects import INVALID, MEANINGS, MISSING, listed_as
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.landing.verdicts import SKIPPED
from usage_pipeline.simulation.broken import breaks
from usage_pipeline.simulation.settings import SOURCES

OF_LINES = {"malformed_csv", "line_too_long", "not_a_list", "missing_tokens_in", "erased"}


def test_every_reason_has_a_meaning_and_every_meaning_a_reason() -> None:
    _, _, cases = landing_sql("validated_lines").partition("WHEN line_fault IS NOT NULL")
    validated = set(re.findall(r"THEN '([a-z_]+)'", cases))
    simulated = {reason for source in SOURCES for reason in breaks(source)}
    reasons = (validated | simulated | OF_LINES) - {SKIPPED}
    assert {listed_as(reason) for reason in reasons} == set(MEANINGS)


def test_a_value_of_the_wrong_form_is_one_reason_whatever_its_column() -> None:
    assert listed_as("invalid_tokens_in") == listed_as("invalid_model") == INVALID
    assert listed_as("missing_tokens_in") == listed_as("missing_model") == MISSING
    assert listed_as("missing_type") == "missing_type"
    assert listed_as("not_utf8") == "not_utf8"
