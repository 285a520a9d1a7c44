"""JSON as RFC 8259 has it, as SQL: DuckDB's reader also takes commas behind the last element, NaN and infinity.

All else that the RFC forbids DuckDB refuses too. It is stricter in one thing: an escaped surrogate without its
other half is no text, and is refused.
"""

from usage_pipeline.storage.engine import literal

_STRING = r'"(?:[^"\\]|\\.)*"'
_EMPTY_STRING = '""'
_LOOSE = r"(?i),\s*[}\]]|nan|inf"
_COMMA = r",\s*[}\]]"
# Each begins with letters: so it is searched for a dozen times as fast as the two together.
_WORDS = [rf"(?i){word}(?:[,}}\]\s]|$)" for word in ("nan", "inf(?:inity)?")]


def is_malformed_json(text: str) -> str:
    """The SQL that tells whether a text is no JSON.

    Nearly every line is told by a quick look; only where that finds something are strings emptied, within
    which all this is allowed.
    """
    without_texts = f"regexp_replace({text}, {literal(_STRING)}, {literal(_EMPTY_STRING)}, 'g')"
    exact = f"regexp_matches({without_texts}, {literal(_LOOSE)})"
    return f"NOT json_valid({text}) OR CASE WHEN {_looks_loose(text)} THEN {exact} ELSE false END"


def _looks_loose(text: str) -> str:
    return " OR ".join(_matches(text, pattern) for pattern in (*_WORDS, _COMMA))


def _matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {literal(pattern)})"
