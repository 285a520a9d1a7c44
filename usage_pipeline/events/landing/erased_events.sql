-- Events of erased tenants from before their erasure are rejected, because the sums of `erased` have them already.
UPDATE staged
SET reason = 'erased'
FROM erased_tenants
WHERE
    staged.reason IS NULL
    AND staged.tenant_id = erased_tenants.tenant_id
    AND staged.event_day < erased_tenants.first_kept
