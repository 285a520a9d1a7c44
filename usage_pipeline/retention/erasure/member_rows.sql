-- Landed events of a tenant after the erasure of a member, from `landed`: with `is_named`, whether the event is the
-- member's, `digest`, that of its conversation, and `is_shared`, whether the member took part in that. An id that holds
-- the member's becomes a digest of itself, so that equal ids stay equal.
SELECT
{% for name, role, held in columns %}
    {% if role == 'conversation' %}CASE WHEN is_shared THEN 'erased:' || digest ELSE conversation_id END
    {% elif role == 'id' %}CASE WHEN {{ held }} THEN sha256({{ key }} || chr(31) || "{{ name }}") ELSE "{{ name }}" END
    {% elif role == 'personal' %}CASE WHEN NOT is_named AND NOT {{ held }} THEN "{{ name }}" END
    {% elif role == 'text' %}CASE WHEN {{ held }} THEN {{ gone }} ELSE "{{ name }}" END
    {% else %}"{{ name }}"
    {% endif %}
    AS "{{ name }}"{{ ',' if not loop.last }}
{% endfor %}
FROM landed
