-- On each event day, by model and by the reason why there is no price: tokens, and those of them without a price.
SELECT
    daily_costs.event_day,
    daily_costs.model,
    daily_costs.unpriced,
    CAST(sum(daily_costs.quantity) AS BIGINT) AS tokens,
    CAST(sum(CASE WHEN daily_costs.amount IS NULL THEN daily_costs.quantity ELSE 0 END) AS BIGINT) AS unpriced_tokens
FROM daily_costs
INNER JOIN token_classes ON daily_costs.class = token_classes.class
WHERE token_classes.is_token = 1
GROUP BY daily_costs.event_day, daily_costs.model, daily_costs.unpriced
ORDER BY daily_costs.event_day, unpriced_tokens DESC, daily_costs.model
