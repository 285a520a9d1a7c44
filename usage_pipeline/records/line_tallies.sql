-- What became of the accepted lines of each event day, per landing file:
-- landed = records + duplicates + conflicts + voided + voids.
-- A record is late when it landed after the day that followed its own.
WITH landed AS (
    SELECT event_day, landing_file, count(*) AS landed
    FROM landed_events
    GROUP BY event_day, landing_file
),

counted AS (
    SELECT
        event_day,
        landing_file,
        count(*) AS records,
        sum(
            CASE WHEN landed_at > CAST(CAST(occurred_at AS DATE) + INTERVAL 2 DAY AS TIMESTAMP) THEN 1 ELSE 0 END
        ) AS late_records
    FROM usage_records
    GROUP BY event_day, landing_file
),

aside AS (
    SELECT
        event_day,
        landing_file,
        sum(CASE WHEN verdict = 'duplicate' THEN 1 ELSE 0 END) AS duplicates,
        sum(CASE WHEN verdict = 'conflict' THEN 1 ELSE 0 END) AS conflicts,
        sum(CASE WHEN verdict = 'voided' THEN 1 ELSE 0 END) AS voided,
        sum(CASE WHEN verdict = 'void' OR verdict = 'void_without_target' THEN 1 ELSE 0 END) AS voids,
        sum(CASE WHEN verdict = 'void_without_target' THEN 1 ELSE 0 END) AS unmatched_voids
    FROM excluded_events
    GROUP BY event_day, landing_file
)

SELECT
    landed.event_day AS day,
    landed.landing_file AS path,
    landed.landed,
    coalesce(counted.records, 0) AS records,
    CAST(coalesce(aside.duplicates, 0) AS BIGINT) AS duplicates,
    CAST(coalesce(aside.conflicts, 0) AS BIGINT) AS conflicts,
    CAST(coalesce(aside.voided, 0) AS BIGINT) AS voided,
    CAST(coalesce(aside.voids, 0) AS BIGINT) AS voids,
    CAST(coalesce(aside.unmatched_voids, 0) AS BIGINT) AS unmatched_voids,
    CAST(coalesce(counted.late_records, 0) AS BIGINT) AS late_records
FROM landed
LEFT JOIN counted ON landed.event_day = counted.event_day AND landed.landing_file = counted.landing_file
LEFT JOIN aside ON landed.event_day = aside.event_day AND landed.landing_file = aside.landing_file
ORDER BY day, path
