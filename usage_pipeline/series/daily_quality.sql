-- Consistency checks of each event day: the row (all), and a row for each issue type that occurred.
-- Within JSON text `","` stands between two texts of a list and nowhere else: a quote in a text has a \ before it.
WITH checks AS (
    SELECT
        usage_records.event_day,
        usage_records.tenant_id,
        usage_records.source,
        usage_records.record_id,
        coalesce(usage_records.issue_count, 0) AS issue_count,
        usage_records.issue_types
    FROM usage_records
    INNER JOIN event_types ON usage_records.type = event_types.type
    WHERE event_types.checks = 1
),

listed AS (
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        unnest(
            string_split(
                CASE
                    WHEN issue_types LIKE '["%"]' THEN substr(issue_types, 3, length(issue_types) - 4)
                    ELSE issue_types
                END,
                '","'
            )
        ) AS issue_type
    FROM checks
    WHERE issue_types <> '[]'
),

-- A logged type (all) keeps its quotes, and so differs from the row of that name. An index holds no endless text.
named AS (
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        CASE
            WHEN issue_type = '(all)' THEN '"(all)"'
            ELSE substr(issue_type, 1, 256)
        END AS issue_type
    FROM listed
),

found AS (
    SELECT
        event_day,
        tenant_id,
        source,
        record_id,
        issue_type,
        count(*) AS issues
    FROM named
    GROUP BY event_day, tenant_id, source, record_id, issue_type
),

together AS (
    SELECT
        event_day,
        tenant_id,
        '(all)' AS issue_type,
        CASE WHEN issue_count = 0 THEN 1 ELSE 0 END AS clean,
        issue_count AS issues
    FROM checks
    UNION ALL
    SELECT
        event_day,
        tenant_id,
        issue_type,
        0 AS clean,
        issues
    FROM found
)

SELECT
    event_day AS day,
    tenant_id,
    issue_type,
    count(*) AS checks,
    CAST(sum(clean) AS BIGINT) AS clean_checks,
    CAST(sum(issues) AS BIGINT) AS issues
FROM together
GROUP BY event_day, tenant_id, issue_type
