-- The landing files whose lines do not add up, or of which the lake holds others than were counted.
WITH accepted AS (
    SELECT
        landing_file,
        count(*) AS lines
    FROM landed_events
    GROUP BY landing_file
),

rejected AS (
    SELECT
        landing_file,
        count(*) AS lines
    FROM rejected_lines
    GROUP BY landing_file
)

SELECT landing_files.path
FROM landing_files
LEFT JOIN accepted ON landing_files.path = accepted.landing_file
LEFT JOIN rejected ON landing_files.path = rejected.landing_file
WHERE
    landing_files.lines + landing_files.further_events <> landing_files.header + landing_files.continuation + landing_files.blank
        + landing_files.skipped + landing_files.superseded + landing_files.accepted + landing_files.rejected
    OR landing_files.accepted <> landing_files.accepted_pruned + coalesce(accepted.lines, 0)
    OR landing_files.rejected <> landing_files.rejects_pruned + coalesce(rejected.lines, 0)
ORDER BY landing_files.path
