"""The routes below `/v1`, one module for each subject. They read through `TenantData` alone."""
