-- The texts of the accepted lines that have any.
SELECT
    file,
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
    line AS landing_line,
    landing_event
FROM validated
WHERE reason IS NULL AND has_text
