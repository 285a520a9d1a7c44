-- Lines of erased tenants from before their erasure are rejected without a copy, because the sums of `erased` have them
-- already. The day of a line that was rejected is at most that of its landing, because its time may be what is wrong.
UPDATE staged
SET reason = 'erased', raw = NULL, tenant_text = NULL, type_text = NULL, invalid_text = NULL
FROM erased_tenants, landing
WHERE
    staged.file = landing.file
    AND staged.reason IS DISTINCT FROM 'skipped'
    AND CASE WHEN staged.reason = 'tenant_mismatch' THEN staged.tenant_text ELSE staged.tenant_id END
    = erased_tenants.tenant_id
    AND CASE WHEN staged.reason IS NULL THEN staged.event_day ELSE least(staged.event_day, landing.landing_day) END
    < erased_tenants.first_kept
