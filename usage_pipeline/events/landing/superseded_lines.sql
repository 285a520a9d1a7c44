-- Of the accepted lines of one file with one id, one counts, at the time of the first; the others are superseded.
-- `chosen` is the aggregate that tells the row of the line that counts, `place` the place of a line in its file.
UPDATE staged
SET
    reason = CASE WHEN staged.rowid <> repeated.chosen THEN 'superseded' END,
    occurred_at = CASE WHEN staged.rowid = repeated.chosen THEN repeated.occurred_at ELSE staged.occurred_at END,
    event_day = CASE WHEN staged.rowid = repeated.chosen THEN CAST(repeated.occurred_at AS DATE) ELSE staged.event_day END
FROM (
    -- By themselves, because most logs repeat few, and to choose a line of each takes several times as long.
    WITH ids AS (
        SELECT file, tenant_id, record_id
        FROM staged
        WHERE reason IS NULL
        GROUP BY file, tenant_id, record_id
        HAVING count(*) > 1
    )

    SELECT
        file,
        tenant_id,
        record_id,
        {chosen} AS chosen,
        arg_min(occurred_at, {place}) AS occurred_at
    FROM staged
    SEMI JOIN ids USING (file, tenant_id, record_id)
    WHERE reason IS NULL
    GROUP BY file, tenant_id, record_id
) AS repeated
WHERE
    staged.reason IS NULL
    AND staged.file = repeated.file
    AND staged.tenant_id = repeated.tenant_id
    AND staged.record_id = repeated.record_id
