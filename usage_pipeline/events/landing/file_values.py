"""The SQL of values that a file has as a whole: the time in its name, and the fields of its first line."""

from usage_pipeline.events.format_paths import NAME_STEP, SECONDS_SINCE_1970, TIME_PARTS
from usage_pipeline.events.landing.json_documents import is_malformed_json, pattern_of, quoted
from usage_pipeline.storage.engine import literal


def time_in_name(name: str, pattern: str) -> str:
    """Return the SQL of the time in a name, ISO without a zone or a number; null if the name is another."""
    steps = NAME_STEP.findall(pattern)
    found = literal(f"(?s){''.join(map(_pattern_of_step, steps))}")
    parts = [step for step in steps if step.startswith("%")]
    groups = {part: f"\\{number}" for number, part in enumerate(parts, start=1)}
    year, month, day, hour, minute, second = (groups.get(part, "00") for part in TIME_PARTS)
    time = groups.get(SECONDS_SINCE_1970, f"{year}-{month}-{day}T{hour}:{minute}:{second}")
    text = f"regexp_replace({name}, {found}, {literal(time)})"
    return f"CASE WHEN regexp_full_match({name}, {found}) THEN {text} END"


def _pattern_of_step(step: str) -> str:
    match step:
        case "*":
            return ".*"
        case _ if step == SECONDS_SINCE_1970:
            return "([0-9]+)"
        case _ if step in TIME_PARTS:
            return f"([0-9]{{{TIME_PARTS[step]}}})"
        case _:
            return pattern_of(step)


def field_of_line(line: str, path: str) -> str:
    """Return the SQL of a field of a line; null if the line is no JSON."""
    text = f"json_extract_string({quoted(line, [path])}, {literal(path)})"
    return f"CASE WHEN NOT ({is_malformed_json(line)}) THEN plain_text({text}) END"
