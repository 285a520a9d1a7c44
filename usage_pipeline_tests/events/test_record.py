"""The canonical record: the columns that everything behind relies on."""

from usage_pipeline.events.record import LANDED_EVENTS, RECORD, REJECTED_LINES

CANONICAL = """
    tenant_id source record_id type occurred_at started_at duration_ms landed_at count unit tokens_in
    tokens_cached tokens_cache_write tokens_cache_write_1h tokens_in_audio tokens_in_image tokens_cached_audio
    tokens_cached_image tokens_out tokens_reasoning tokens_out_audio tokens_out_image tokens_total messages bytes
    tool_calls web_searches model provider service_tier region speed
    latency_ms status error_code reported_cost currency reported_credits member_id project feature
    agent agent_type conversation_id message_id task_id contact_id blueprint_id bot_id dataset_id skillset_id
    ability_id persona_id session_id updated_at api_calls issue_count issue_types prompt_digest content_digest
    meta landing_file landing_line landing_event
"""


def test_the_record_has_exactly_the_canonical_columns() -> None:
    assert {column.name for column in RECORD} == set(CANONICAL.split())


def test_no_column_is_a_float() -> None:
    columns = (*LANDED_EVENTS.columns, *REJECTED_LINES.columns)
    assert {column.type for column in columns} & {"DOUBLE", "FLOAT", "REAL"} == set()


def test_money_has_24_decimal_places() -> None:
    types = {column.name: column.type for column in RECORD}
    assert (types["reported_cost"], types["reported_credits"]) == ("DECIMAL(38,24)", "DECIMAL(38,24)")


def test_every_column_is_documented() -> None:
    columns = (*LANDED_EVENTS.columns, *REJECTED_LINES.columns)
    assert [column.name for column in columns if not column.description] == []
