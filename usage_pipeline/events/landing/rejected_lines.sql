-- The lines that were rejected: where, why, what was found and what was expected.
SELECT
    file,
    landing_file,
    line AS landing_line,
    landing_event,
    validated.tenant_id,
    reason,
    mapped_fields.field,
    CASE
        WHEN reason = 'unknown_type' THEN type_text
        WHEN reason = 'tenant_mismatch' THEN tenant_text
        WHEN reason = 'invalid_tenant_id' THEN CAST(to_json(validated.tenant_id) AS VARCHAR)
        WHEN reason = 'invalid_record_id' THEN record_id
        WHEN reason = 'token_invariant' THEN
            concat_ws(
                ', ',
                format('{} in, {} cached, {} cache write, {} out, {} reasoning',
                    coalesce(tokens_in, 0), coalesce(tokens_cached, 0), coalesce(tokens_cache_write, 0),
                    coalesce(tokens_out, 0), coalesce(tokens_reasoning, 0)),
                tokens_cache_write_1h || ' cache write 1h',
                tokens_in_audio || ' audio in',
                tokens_in_image || ' image in',
                tokens_cached_audio || ' cached audio',
                tokens_cached_image || ' cached image',
                tokens_out_audio || ' audio out',
                tokens_out_image || ' image out'
            )
        WHEN reason IN ('timestamp_in_future', 'past_retention', 'before_calendar', 'erased') THEN CAST(occurred_at AS VARCHAR)
        WHEN starts_with(reason, 'invalid_') THEN invalid_text
    END AS found,
    CASE reason
        WHEN 'malformed_json' THEN 'one JSON object on the line'
        WHEN 'not_an_object' THEN 'one JSON object on the line'
        WHEN 'malformed_csv' THEN 'as many fields as the header has, and every quoted field closed'
        WHEN 'not_utf8' THEN 'UTF-8 text'
        WHEN 'line_too_long' THEN 'a line of at most 16 MiB'
        WHEN 'tenant_mismatch' THEN 'the tenant of the folder, ' || tenant_folder
        WHEN 'invalid_tenant_id' THEN
            'a text of at most 128 characters, without control characters and white space around, and not `erased`'
        WHEN 'invalid_record_id' THEN 'a text of at most 1,024 bytes without NUL, no object and no list'
        WHEN 'token_invariant' THEN
            'cached within input, reasoning within output' || CASE
                WHEN too_large IN ('tokens_reasoning', 'tokens_cached', 'tokens_cache_write') THEN ''
                ELSE ', and each of their parts within its whole'
            END
        WHEN 'timestamp_in_future' THEN 'a time no later than ' || CAST(latest_time AS VARCHAR) || ' UTC'
        WHEN 'past_retention' THEN
            'a day from '
            || CAST(CASE WHEN retention.tenant_id IS NULL THEN validated.first_kept ELSE retention.first_kept END AS VARCHAR)
            || CASE
                WHEN retention.is_pruned THEN ' on, because older records of the tenant are pruned'
                ELSE ' on, by retention_days of the plan or USAGE_DEFAULT_RETENTION_DAYS; '
                    || 'land old logs in the folder of a landing day near their time'
            END
        WHEN 'erased' THEN 'an event from after the erasure of its tenant'
        WHEN 'before_calendar' THEN 'a day from ' || CAST(first_day AS VARCHAR) || ' on'
        ELSE mapped_fields.expected
    END
    || CASE
        WHEN reason IN ('past_retention', 'before_calendar') AND occurred_at < TIMESTAMP '1980-01-01'
            THEN '; a time before 1980 may be in another unit (such as epoch_ms) or count from a start (offset)'
        WHEN reason = 'invalid_occurred_at' AND regexp_full_match(invalid_text, '-?[0-9]+(\.[0-9]+)?')
            THEN '; a number may be in another unit (such as epoch_ms) or count from a start (offset)'
        ELSE ''
    END AS expected,
    raw
FROM validated
LEFT JOIN mapped_fields
    ON mapped_fields.column_name = CASE
        WHEN reason = 'not_a_list' THEN 'each'
        WHEN reason = 'unknown_type' THEN 'type'
        WHEN reason = 'tenant_mismatch' THEN 'tenant_id'
        WHEN reason = 'token_invariant' THEN too_large
        WHEN reason IN ('timestamp_in_future', 'past_retention', 'before_calendar', 'erased') THEN 'occurred_at'
        ELSE regexp_replace(reason, '^(missing|invalid)_', '')
    END
LEFT JOIN retention
    ON retention.landing_day = validated.landing_day AND retention.tenant_id = validated.tenant_id
WHERE reason NOT IN ('skipped', 'superseded')
