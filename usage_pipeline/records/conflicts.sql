-- The lines that lost: same id as a record that landed before, but another payload.
WITH repeated AS (
    SELECT tenant_id, source, record_id
    FROM landed_events
    GROUP BY tenant_id, source, record_id
    HAVING count(*) > 1
),

ranked AS (
    SELECT
        landed_events.*,
        row_number() OVER landing_order AS landing_rank,
        first_value(landed_events.payload_digest) OVER landing_order AS counted_payload,
        first_value(landed_events.landing_file) OVER landing_order AS counted_file,
        first_value(landed_events.landing_line) OVER landing_order AS counted_line
    FROM landed_events
    INNER JOIN repeated
        ON landed_events.tenant_id = repeated.tenant_id
        AND landed_events.source = repeated.source
        AND landed_events.record_id = repeated.record_id
    WINDOW landing_order AS (
        PARTITION BY landed_events.tenant_id, landed_events.source, landed_events.record_id
        ORDER BY landed_events.landing_day, landed_events.landing_file, landed_events.landing_line
    )
)

SELECT
    tenant_id, source, record_id, type, occurred_at, started_at, duration_ms, "count", unit,
    tokens_in, tokens_cached, tokens_cache_write, tokens_out, tokens_reasoning, tokens_total,
    messages, "bytes", tool_calls, model, provider, latency_ms, status, error_code, reported_cost,
    currency, reported_credits, member_id, project, feature, agent, agent_type, conversation_id,
    message_id, task_id, contact_id, blueprint_id, bot_id, dataset_id, skillset_id, ability_id,
    persona_id, session_id, updated_at, api_calls, issue_count, issue_types, prompt_digest,
    content_digest, meta, landed_at, landing_file, landing_line,
    counted_file,
    counted_line
FROM ranked
WHERE landing_rank > 1 AND payload_digest <> counted_payload
ORDER BY tenant_id, occurred_at, source, record_id
