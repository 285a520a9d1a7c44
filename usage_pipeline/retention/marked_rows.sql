-- The rows of landing files, each with `is_past`: whether its day is before the first one that is kept of its tenant.
-- A first day that is null keeps everything.
SELECT
    dated_rows.*,
    coalesce(
        dated_rows.day < CASE
            WHEN dated_rows.tenant_id IS NULL THEN terms.of_unknown
            WHEN first_kept.tenant_id IS NULL THEN terms.of_others
            ELSE first_kept.day
        END,
        FALSE
    ) AS is_past
FROM dated_rows
CROSS JOIN terms
LEFT JOIN first_kept ON dated_rows.tenant_id = first_kept.tenant_id
