-- The accepted lines as canonical records. `payload` is replaced by the format's payload columns.
SELECT
    file,
    {columns},
    void_source,
    void_record_id,
    event_day,
    landing_day,
    hash({payload}) AS payload_digest
FROM (SELECT validated.* EXCLUDE (line), line AS landing_line FROM validated WHERE reason IS NULL) AS accepted
