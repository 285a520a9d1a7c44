-- The lines that lost: same id as a record that landed before, but another payload.
SELECT
    landed_events.event_day, landed_events.tenant_id, landed_events.source, landed_events.record_id, landed_events.type,
    landed_events.occurred_at, landed_events.started_at, landed_events.duration_ms,
    landed_events."count", landed_events.unit, landed_events.tokens_in, landed_events.tokens_cached,
    landed_events.tokens_cache_write, landed_events.tokens_out, landed_events.tokens_reasoning,
    landed_events.tokens_total, landed_events.messages, landed_events."bytes",
    landed_events.tool_calls, landed_events.model, landed_events.provider, landed_events.latency_ms,
    landed_events.status, landed_events.error_code, landed_events.reported_cost,
    landed_events.currency, landed_events.reported_credits, landed_events.member_id,
    landed_events.project, landed_events.feature, landed_events.agent, landed_events.agent_type,
    landed_events.conversation_id, landed_events.message_id, landed_events.task_id,
    landed_events.contact_id, landed_events.blueprint_id, landed_events.bot_id,
    landed_events.dataset_id, landed_events.skillset_id, landed_events.ability_id,
    landed_events.persona_id, landed_events.session_id, landed_events.updated_at,
    landed_events.api_calls, landed_events.issue_count, landed_events.issue_types,
    landed_events.prompt_digest, landed_events.content_digest, landed_events.meta,
    landed_events.landed_at, landed_events.landing_file, landed_events.landing_line,
    excluded_events.decided_by_file AS counted_file,
    excluded_events.decided_by_line AS counted_line
FROM landed_events
INNER JOIN excluded_events
    ON landed_events.landing_file = excluded_events.landing_file
    AND landed_events.landing_line = excluded_events.landing_line
    AND excluded_events.verdict = 'conflict'
ORDER BY
    landed_events.event_day,
    landed_events.tenant_id,
    landed_events.occurred_at,
    landed_events.source,
    landed_events.record_id
