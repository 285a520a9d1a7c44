-- The landed rows of a file without those whose records are pruned. Of those that lines of days nearby are still
-- compared with, the id is left, with where it landed and what its payload was, and nothing else.
SELECT
{% for column in columns %}
    {% if column in left %}landed."{{ column }}"{% else %}CASE WHEN NOT landed.is_pruned THEN landed."{{ column }}" END AS "{{ column }}"{% endif %}{{ ',' if not loop.last }}
{% endfor %}
FROM landed
WHERE NOT landed.is_pruned OR landed.is_compared
