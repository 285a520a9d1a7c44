-- The rows of landing files, each with `is_past`, whether its day is before the first one of which its tenant's texts
-- are kept, `is_past_record`, the same of its records, `is_pruned`, whether its record is gone already, and `is_compared`,
-- whether lines of days nearby are still compared with its id. A first day that is null keeps everything.
SELECT
    dated_rows.*,
    coalesce(
        dated_rows.day < CASE
            WHEN dated_rows.tenant_id IS NULL THEN others.content_of_unknown
            WHEN first_kept.tenant_id IS NULL THEN others.content
            ELSE first_kept.content
        END,
        FALSE
    ) AS is_past,
    coalesce(
        dated_rows.day < CASE WHEN first_kept.tenant_id IS NULL THEN others.records ELSE first_kept.records END,
        FALSE
    ) AS is_past_record,
    coalesce(dated_rows.day < first_kept.pruned, FALSE) AS is_pruned,
    coalesce(
        dated_rows.day < first_kept.pruned AND dated_rows.day >= first_kept.pruned - dated_rows.reach, FALSE
    ) AS is_compared
FROM dated_rows
CROSS JOIN others
LEFT JOIN first_kept ON dated_rows.tenant_id = first_kept.tenant_id
