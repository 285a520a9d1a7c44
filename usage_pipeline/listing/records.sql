-- Records as lists show them, beside their place in the order of a list. `usage_records` has those that are listed.
-- `meta` has the fields of the log that no column takes, and the model. Those within a field `meta` of the log stand
-- beside the others. The log's own name of the type is there if it is another.
SELECT
    occurred_at,
    tenant_id,
    source,
    record_id,
    record_id AS id,
    tenant_id AS "tenantId",
    type,
    "count",
    epoch_ms(occurred_at) AS "createdAt",
    epoch_ms(coalesce(updated_at, occurred_at)) AS "updatedAt",
{% for name, column in related %}
    {{ column }} AS "{{ name }}",
{% endfor %}
    json_merge_patch(
        coalesce(meta, '{}'),
        CASE WHEN json_extract_string(meta, '/type') = type THEN '{"type": null}' ELSE '{}' END,
        CASE WHEN json_type(meta, '/meta') = 'OBJECT' THEN '{"meta": null}' ELSE '{}' END,
        CASE WHEN json_type(meta, '/meta') = 'OBJECT' THEN json_extract(meta, '/meta') ELSE '{}' END,
        CASE WHEN model IS NULL THEN '{}' ELSE json_object('model', model) END
    ) AS meta
FROM usage_records
