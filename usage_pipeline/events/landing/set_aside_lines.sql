-- The lines of one file that are neither accepted nor rejected: skipped ones with the number of the test, superseded
-- ones with the line that counts in their place.
SELECT
    {columns},
    lost.line AS landing_line,
    lost.reason AS verdict,
    lost.skipped_by,
    kept.line AS decided_by_line,
    kept.landing_event AS decided_by_event
FROM validated AS lost
LEFT JOIN validated AS kept
    ON lost.reason = 'superseded' AND kept.reason IS NULL
    AND kept.tenant_id = lost.tenant_id AND kept.record_id = lost.record_id
WHERE lost.reason IN ('skipped', 'superseded') AND coalesce($line, lost.line) = lost.line
ORDER BY lost.line, lost.landing_event
