-- How the landed rows of the day were accounted for: landed = records + duplicates + conflicts.
-- A record is late when it landed after the day that followed its own.
WITH landed AS (
    SELECT
        tenant_id,
        source,
        record_id,
        count(*) AS lines
    FROM landed_events
    GROUP BY tenant_id, source, record_id
),

losers AS (
    SELECT
        landed_events.payload_digest <> first_value(landed_events.payload_digest) OVER (
            PARTITION BY landed_events.tenant_id, landed_events.source, landed_events.record_id
            ORDER BY landed_events.landing_day, landed_events.landing_file, landed_events.landing_line
        ) AS is_conflict
    FROM landed_events
    INNER JOIN landed
        ON landed_events.tenant_id = landed.tenant_id
        AND landed_events.source = landed.source
        AND landed_events.record_id = landed.record_id
        AND landed.lines > 1
),

conflicts AS (
    SELECT count(*) AS conflicts
    FROM losers
    WHERE is_conflict
),

totals AS (
    SELECT coalesce(sum(lines), 0) AS lines, count(*) AS records
    FROM landed
),

late AS (
    SELECT count(*) AS late_records
    FROM usage_records
    WHERE landed_at > CAST(CAST(occurred_at AS DATE) + INTERVAL 2 DAY AS TIMESTAMP)
)

SELECT
    CAST(totals.lines - totals.records - conflicts.conflicts AS BIGINT) AS duplicates,
    conflicts.conflicts,
    late.late_records
FROM totals
CROSS JOIN conflicts
CROSS JOIN late
