-- On each event day and of each source, how many ids are ids of the day before or after as well.
-- `nearby_records` holds the records of the days before and after those of `usage_records`. It is the large side.
WITH repeated AS (
    SELECT DISTINCT
        usage_records.event_day,
        usage_records.tenant_id,
        usage_records.source,
        usage_records.record_id
    FROM nearby_records
    INNER JOIN usage_records
        ON nearby_records.tenant_id = usage_records.tenant_id
        AND nearby_records.source = usage_records.source
        AND nearby_records.record_id = usage_records.record_id
    WHERE
        date_diff('day', nearby_records.event_day, usage_records.event_day) = 1
        OR date_diff('day', nearby_records.event_day, usage_records.event_day) = -1
)

SELECT
    event_day,
    source,
    count(*) AS ids
FROM repeated
GROUP BY event_day, source
ORDER BY event_day, source
