-- How many ids of the day are ids of a day nearby as well.
WITH nearby AS (
    SELECT
        tenant_id,
        source,
        record_id
    FROM nearby_records
    GROUP BY tenant_id, source, record_id
)

SELECT count(*) AS ids
FROM usage_records
INNER JOIN nearby
    ON usage_records.tenant_id = nearby.tenant_id
    AND usage_records.source = nearby.source
    AND usage_records.record_id = nearby.record_id
