-- The texts of the accepted lines that have any.
SELECT
    tenant_id,
    source,
    record_id,
    event_day,
    member_id,
    text_prompt AS prompt,
    text_response AS response,
    text_input AS input,
    text_output AS output,
    text_error AS error,
    text_other AS other,
    landing_file,
    line AS landing_line
FROM judged
WHERE
    reason IS NULL
    AND coalesce(text_prompt, text_response, text_input, text_output, text_error, text_other) IS NOT NULL
