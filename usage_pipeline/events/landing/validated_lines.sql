-- The verdict on each line: the canonical record that it would be, and why it is rejected, if it is.
-- One row per line of `extracted`; `reason` is null where the line is accepted, and `skipped` where it is no event.
WITH measured AS (
    SELECT
        extracted.* EXCLUDE (
            count, messages, tokens_in, tokens_in_audio, tokens_in_image, tokens_out, tokens_total, duration_ms
        ),
        coalesce(extracted.tenant_text, landing.tenant_folder, landing.tenant_default) AS tenant_id,
        landing.tenant_folder,
        landing.landing_day,
        landing.latest_time,
        landing.first_day,
        landing.first_kept,
        CAST(occurred_at AS DATE) AS event_day,
        coalesce(extracted.count, 1) AS count,
        coalesce(event_types.unit, 'event') AS unit,
        CASE
            WHEN landing.input_includes_cached THEN tokens_in
            WHEN coalesce(tokens_in, tokens_cached, tokens_cache_write) IS NOT NULL
                THEN coalesce(tokens_in, 0) + coalesce(tokens_cached, 0) + coalesce(tokens_cache_write, 0)
        END AS tokens_in,
        CASE
            WHEN landing.input_includes_cached THEN tokens_in_audio
            ELSE tokens_in_audio + coalesce(tokens_cached_audio, 0)
        END AS tokens_in_audio,
        CASE
            WHEN landing.input_includes_cached THEN tokens_in_image
            ELSE tokens_in_image + coalesce(tokens_cached_image, 0)
        END AS tokens_in_image,
        CASE
            WHEN landing.output_includes_reasoning THEN tokens_out
            WHEN coalesce(tokens_out, tokens_reasoning) IS NOT NULL
                THEN coalesce(tokens_out, 0) + coalesce(tokens_reasoning, 0)
        END AS tokens_out,
        tokens_total AS tokens_reported,
        coalesce(
            extracted.duration_ms,
            CASE
                WHEN event_types.runs = 1 AND occurred_at >= started_at THEN epoch_ms(occurred_at) - epoch_ms(started_at)
            END
        ) AS duration_ms,
        event_types.counts_tokens,
        coalesce(
            extracted.messages,
            CASE
                WHEN event_types.type IS NULL THEN 0
                WHEN event_types.messages IS NULL THEN coalesce(extracted.count, 1)
                WHEN extracted.status = 'failed' THEN event_types.messages_if_failed
                ELSE event_types.messages
            END
        ) AS messages
    FROM extracted
    JOIN landing ON landing.file = extracted.file
    LEFT JOIN event_types ON event_types.type = extracted.type
),

-- A part of tokens that is larger than its whole, if there is one. Of cached audio and images that the line does not
-- count, there may be as many as fit.
compared AS (
    SELECT
        measured.*,
        CASE
            WHEN coalesce(tokens_reasoning, 0) > coalesce(tokens_out, 0) THEN 'tokens_reasoning'
            WHEN coalesce(tokens_reasoning, 0) + coalesce(tokens_out_audio, 0) + coalesce(tokens_out_image, 0)
                > coalesce(tokens_out, 0)
                THEN CASE WHEN tokens_out_audio > 0 THEN 'tokens_out_audio' ELSE 'tokens_out_image' END
            WHEN coalesce(tokens_cached, 0) + coalesce(tokens_cache_write, 0) > coalesce(tokens_in, 0)
                THEN CASE WHEN tokens_cached IS NULL THEN 'tokens_cache_write' ELSE 'tokens_cached' END
            WHEN coalesce(tokens_cache_write_1h, 0) > coalesce(tokens_cache_write, 0) THEN 'tokens_cache_write_1h'
            WHEN coalesce(tokens_cached_audio, 0) > coalesce(tokens_in_audio, 0) THEN 'tokens_cached_audio'
            WHEN coalesce(tokens_cached_image, 0) > coalesce(tokens_in_image, 0) THEN 'tokens_cached_image'
            WHEN coalesce(tokens_cached_audio, 0) + coalesce(tokens_cached_image, 0) > coalesce(tokens_cached, 0)
                THEN CASE WHEN tokens_cached_audio > 0 THEN 'tokens_cached_audio' ELSE 'tokens_cached_image' END
            WHEN coalesce(tokens_in_audio, 0) + coalesce(tokens_in_image, 0) > coalesce(tokens_in, 0)
                OR coalesce(tokens_in_audio, 0)
                - coalesce(tokens_cached_audio, least(coalesce(tokens_in_audio, 0), coalesce(tokens_cached, 0)))
                + coalesce(tokens_in_image, 0)
                - coalesce(tokens_cached_image, least(coalesce(tokens_in_image, 0), coalesce(tokens_cached, 0)))
                + coalesce(tokens_cached, 0) + coalesce(tokens_cache_write, 0) > coalesce(tokens_in, 0)
                THEN CASE WHEN tokens_in_audio > 0 THEN 'tokens_in_audio' ELSE 'tokens_in_image' END
        END AS too_large
    FROM measured
)

SELECT
    compared.* EXCLUDE (
        line_fault, missing_field, occurred_at_text, counts_tokens, tokens_reported,
        tenant_folder, landing_day, latest_time, first_day, first_kept
    ),
    CASE
        WHEN tokens_in IS NOT NULL OR tokens_out IS NOT NULL THEN coalesce(tokens_in, 0) + coalesce(tokens_out, 0)
        WHEN counts_tokens THEN coalesce(tokens_reported, count)
        ELSE tokens_reported
    END AS tokens_total,
    CASE
        WHEN tokens_in IS NOT NULL OR tokens_out IS NOT NULL
            THEN tokens_reported - coalesce(tokens_in, 0) - coalesce(tokens_out, 0)
    END AS tokens_apart,
    CASE
        WHEN line_fault IS NOT NULL THEN line_fault
        WHEN skipped_by IS NOT NULL THEN 'skipped'
        WHEN compared.tenant_id IS NULL THEN 'missing_tenant_id'
        WHEN tenant_text <> tenant_folder THEN 'tenant_mismatch'
        WHEN compared.tenant_id = 'erased' THEN 'invalid_tenant_id'
        WHEN CASE WHEN retention.tenant_id IS NULL THEN NOT is_tenant(compared.tenant_id) END THEN 'invalid_tenant_id'
        WHEN record_id IS NULL THEN 'missing_record_id'
        WHEN NOT is_record_id(record_id) THEN 'invalid_record_id'
        WHEN type_text IS NULL THEN 'missing_type'
        WHEN type IS NULL THEN 'unknown_type'
        WHEN occurred_at_text IS NULL THEN 'missing_occurred_at'
        WHEN type = 'void' AND void_source IS NULL THEN 'missing_void_source'
        WHEN type = 'void' AND void_record_id IS NULL THEN 'missing_void_record_id'
        WHEN missing_field IS NOT NULL THEN 'missing_' || missing_field
        WHEN invalid_field IS NOT NULL THEN 'invalid_' || invalid_field
        WHEN too_large IS NOT NULL THEN 'token_invariant'
        WHEN occurred_at > latest_time THEN 'timestamp_in_future'
        WHEN event_day < CASE WHEN retention.tenant_id IS NULL THEN compared.first_kept ELSE retention.first_kept END
            THEN 'past_retention'
        WHEN event_day < first_day THEN 'before_calendar'
    END AS reason
FROM compared
LEFT JOIN retention
    ON retention.landing_day = compared.landing_day AND retention.tenant_id = compared.tenant_id
