"""What records count as, for the pandas script: every metric by day and tenant."""

import pandas as pd

_PERSONA_COUNTS = {
    "personas_created": "persona_create",
    "personas_deleted": "persona_delete",
    "timeline_appended": "persona_timeline_append",
    "timeline_superseded": "persona_timeline_supersede",
    "files": "file_upload",
}
_NO_REQUESTS = ("token", "message", "conversation", "agent_run_started")
_SUMMED = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "bytes", "tool_calls")


def totals(records: pd.DataFrame) -> pd.DataFrame:
    """Every metric by `day` and `tenant_id`, exact: one row per pair."""
    metrics = _of_each(records)
    keys = ["day", "tenant_id"]
    metrics[keys] = records[keys].assign(day=records["day"].dt.strftime("%Y-%m-%d"))
    found = metrics.groupby(keys).sum()
    if "conversation_id" in records:
        identified = records[keys].assign(day=metrics["day"], conversation=records["conversation_id"])
        found["conversations"] += identified.groupby(keys)["conversation"].nunique()
    return found.reset_index()


def _of_each(records: pd.DataFrame) -> pd.DataFrame:
    """What each record counts as."""
    kind = records["type"]
    # The file of the usage statistics is a request that has no file.
    metrics = pd.DataFrame({"records": 1}, index=records.index)
    metrics["requests"] = (~kind.isin(_NO_REQUESTS)) * _numbers(records, "api_calls", default=1)
    metrics["prompts"] = (kind == "persona_prompt").astype("int64")
    metrics["runs"] = (kind == "agent_run").astype("int64")
    count = _numbers(records, "count", default=1)
    failed = _failed(records)
    metrics["messages"] = metrics["prompts"] * (2 - failed) + count * (kind == "message")
    for name in _SUMMED:
        metrics[name] = _numbers(records, name)
    metrics["tokens_total"] = metrics["tokens_in"] + metrics["tokens_out"] + count * (kind == "token")
    for name, counted in _PERSONA_COUNTS.items():
        metrics[name] = (kind == counted).astype("int64")
    metrics["errors"] = failed
    if "error_code" in records:
        metrics["errors"] = (failed.astype(bool) | records["error_code"].notna()).astype("int64")
    metrics["conversations"] = 0
    if "conversation_id" in records:
        metrics["conversations"] = count * ((kind == "conversation") & records["conversation_id"].isna())
    return metrics


def _failed(records: pd.DataFrame) -> pd.Series:
    if "status" not in records:
        return pd.Series(0, records.index)
    return (records["status"] == "failed").astype("int64")


def _numbers(records: pd.DataFrame, name: str, default: int = 0) -> pd.Series:
    if name not in records:
        return pd.Series(default, records.index)
    return records[name].fillna(default).astype("int64")
