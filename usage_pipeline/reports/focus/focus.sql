-- The charges of a report by FOCUS 1.2: what usage costs, which credits it uses, and what became of closed periods.
-- `daily_costs` and `credit_usage` have the days and filters of the report. Each charge has a day of the billing
-- period that it is of, `billed_on`. A cost cannot be null: without a price it is 0, and the reason is beside it.
WITH priced AS (
    SELECT
        daily_costs.*,
        unit_prices.provider,
        unit_prices.unit_price,
        meters.meter,
        meters.unit,
        concat_ws(
            '/',
            unit_prices.provider,
            coalesce(unit_prices.priced_model, nullif(daily_costs.model, '(none)')),
            daily_costs.class
        ) AS sku,
{% for name, usual in usual_values %}
        CASE WHEN daily_costs.{{ name }} IN ('(none)', {{ usual }}) THEN NULL ELSE daily_costs.{{ name }} END
            AS unusual_{{ name }},
{% endfor %}
        CASE WHEN daily_costs.above_tokens_in > 0 THEN daily_costs.above_tokens_in END AS above,
        nullif(daily_costs.price_window, '') AS time_of_day
    FROM daily_costs
    INNER JOIN meters ON daily_costs.class = meters.class
    LEFT JOIN unit_prices
        ON
{% for name in price_key %}
            {{ 'AND ' if not loop.first }}daily_costs.{{ name }} = unit_prices.{{ name }}
{% endfor %}
),

charges AS (
    SELECT
        tenant_id,
        day,
        day AS billed_on,
        'Usage' AS category,
        NULL AS charge_class,
        'Usage-Based' AS frequency,
        concat_ws(' of ', meter, nullif(model, '(none)'))
        || CASE WHEN unpriced = '' THEN '' ELSE ', without a price: ' || unpriced END AS description,
        quantity AS consumed_quantity,
        unit AS consumed_unit,
        CAST(quantity AS DECIMAL(38, 12)) AS pricing_quantity,
        unit AS pricing_unit,
        coalesce(amount, 0) AS cost,
        unit_price,
        'USD' AS pricing_currency,
        coalesce(amount, 0) AS currency_cost,
        unit_price AS currency_price,
        provider,
        coalesce(provider || ' models', 'Models') AS service,
        sku,
        meter,
        CASE
            WHEN amount IS NOT NULL
                THEN concat_ws(
                    '/',
                    sku,
                    'above ' || above || ' tokens',
                    time_of_day,
{% for name, _ in usual_values %}
                    unusual_{{ name }}{{ ',' if not loop.last }}
{% endfor %}
                )
        END AS sku_price,
        CASE
            WHEN amount IS NOT NULL
                THEN json_object(
                    'x_AboveTokensIn', above,
                    'x_TimeOfDay', time_of_day,
{% for name, _ in usual_values %}
                    'x_{{ name.title().replace('_', '') }}', unusual_{{ name }}{{ ',' if not loop.last }}
{% endfor %}
                )
        END AS details,
        region,
{% for name in dimensions %}
        {{ name }},
{% endfor %}
        NULL AS closed_period,
        price_id,
        price_book_version AS price_version,
        unpriced
    FROM priced
    UNION ALL
    SELECT
        tenant_id,
        day,
        day AS billed_on,
        'Usage' AS category,
        NULL AS charge_class,
        'Usage-Based' AS frequency,
        'Credits of ' || type || CASE WHEN unrated = '' THEN '' ELSE ', without a rate: ' || unrated END
            AS description,
        operations AS consumed_quantity,
        'Operations' AS consumed_unit,
        coalesce(credits, CAST(operations AS DECIMAL(38, 12))) AS pricing_quantity,
        CASE WHEN credits IS NULL THEN 'Operations' ELSE 'Credits' END AS pricing_unit,
        0 AS cost,
        NULL AS unit_price,
        'Credits' AS pricing_currency,
        coalesce(credits, 0) AS currency_cost,
        CASE WHEN credits IS NULL THEN NULL ELSE 1 END AS currency_price,
        NULL AS provider,
        'Credits' AS service,
        'credits/' || type AS sku,
        'Credits' AS meter,
        CASE WHEN credits IS NULL THEN NULL ELSE 'credits/' || type END AS sku_price,
        NULL AS details,
        '(none)' AS region,
{% for name in dimensions %}
        {{ name }},
{% endfor %}
        NULL AS closed_period,
        '(none)' AS price_id,
        credit_rate_version AS price_version,
        unrated AS unpriced
    FROM credit_usage
    WHERE operations > 0 AND unrated <> 'no_rates'
    UNION ALL
    SELECT
        tenant_id,
        day,
        billed_on,
        CASE WHEN charge_class IS NULL THEN 'Adjustment' ELSE 'Usage' END AS category,
        charge_class,
        'One-Time' AS frequency,
        'Change of ' || meters.meter || ' of ' || model || ' after ' || closed_period || ' was closed, billed in '
        || carried_by AS description,
        NULL AS consumed_quantity,
        NULL AS consumed_unit,
        NULL AS pricing_quantity,
        NULL AS pricing_unit,
        difference AS cost,
        NULL AS unit_price,
        'USD' AS pricing_currency,
        difference AS currency_cost,
        NULL AS currency_price,
        NULL AS provider,
        'Models' AS service,
        NULL AS sku,
        NULL AS meter,
        NULL AS sku_price,
        NULL AS details,
        '(none)' AS region,
{% for name in dimensions %}
        {{ 'model' if name == 'model' else "'(none)' AS " ~ name }},
{% endfor %}
        closed_period,
        '(none)' AS price_id,
        NULL AS price_version,
        '' AS unpriced
    FROM adjustments
    INNER JOIN meters ON adjustments.class = meters.class
)

SELECT
    CAST(charges.cost AS DECIMAL(38, 12)) AS "BilledCost",
    charges.tenant_id AS "BillingAccountId",
    billing_periods.tenant_name AS "BillingAccountName",
    'Tenant' AS "BillingAccountType",
    'USD' AS "BillingCurrency",
    CAST(billing_periods.last_day + INTERVAL 1 DAY AS TIMESTAMP) AS "BillingPeriodEnd",
    CAST(billing_periods.first_day AS TIMESTAMP) AS "BillingPeriodStart",
    charges.category AS "ChargeCategory",
    charges.charge_class AS "ChargeClass",
    charges.description AS "ChargeDescription",
    charges.frequency AS "ChargeFrequency",
    CAST(charges.day + INTERVAL 1 DAY AS TIMESTAMP) AS "ChargePeriodEnd",
    CAST(charges.day AS TIMESTAMP) AS "ChargePeriodStart",
    CAST(charges.consumed_quantity AS DECIMAL(38, 0)) AS "ConsumedQuantity",
    charges.consumed_unit AS "ConsumedUnit",
    CAST(charges.cost AS DECIMAL(38, 12)) AS "ContractedCost",
    CAST(charges.unit_price AS DECIMAL(38, 24)) AS "ContractedUnitPrice",
    CAST(charges.cost AS DECIMAL(38, 12)) AS "EffectiveCost",
    {{ platform }} AS "InvoiceIssuerName",
    CAST(charges.cost AS DECIMAL(38, 12)) AS "ListCost",
    CAST(charges.unit_price AS DECIMAL(38, 24)) AS "ListUnitPrice",
    CASE WHEN charges.sku_price IS NOT NULL THEN 'Standard' END AS "PricingCategory",
    charges.pricing_currency AS "PricingCurrency",
    CAST(charges.currency_price AS DECIMAL(38, 24)) AS "PricingCurrencyContractedUnitPrice",
    CAST(charges.currency_cost AS DECIMAL(38, 12)) AS "PricingCurrencyEffectiveCost",
    CAST(charges.currency_price AS DECIMAL(38, 24)) AS "PricingCurrencyListUnitPrice",
    CAST(charges.pricing_quantity AS DECIMAL(38, 12)) AS "PricingQuantity",
    charges.pricing_unit AS "PricingUnit",
    {{ platform }} AS "ProviderName",
    coalesce(charges.provider, {{ platform }}) AS "PublisherName",
    nullif(charges.region, '(none)') AS "RegionId",
    nullif(charges.region, '(none)') AS "RegionName",
    charges.tenant_id || '/agents/' || nullif(charges.agent, '(none)') AS "ResourceId",
    nullif(charges.agent, '(none)') AS "ResourceName",
    CASE WHEN charges.agent <> '(none)' THEN 'Agent' END AS "ResourceType",
    'AI and Machine Learning' AS "ServiceCategory",
    charges.service AS "ServiceName",
    'Generative AI' AS "ServiceSubcategory",
    charges.sku AS "SkuId",
    charges.meter AS "SkuMeter",
    nullif(CAST(json_merge_patch('{}', charges.details) AS VARCHAR), '{}') AS "SkuPriceDetails",
    charges.sku_price AS "SkuPriceId",
    nullif(charges.project, '(none)') AS "SubAccountId",
    CASE WHEN charges.project <> '(none)' THEN 'Project' END AS "SubAccountType",
    nullif(
        CAST(
            json_merge_patch(
                '{}',
                json_object(
{% for name in tags %}
                    '{{ name }}', nullif(charges.{{ name }}, '(none)'){{ ',' if not loop.last }}
{% endfor %}
                )
            ) AS VARCHAR
        ),
        '{}'
    ) AS "Tags",
    charges.closed_period AS "x_ClosedPeriod",
    nullif(charges.model, '(none)') AS "x_Model",
    nullif(charges.price_id, '(none)') AS "x_PriceId",
    charges.price_version AS "x_PriceVersion",
    nullif(charges.source, '(none)') AS "x_Source",
    nullif(charges.status, '(none)') AS "x_Status",
    nullif(charges.type, '(none)') AS "x_Type",
    nullif(charges.unpriced, '') AS "x_UnpricedReason"
FROM charges
INNER JOIN billing_periods
    ON
        charges.tenant_id = billing_periods.tenant_id
        AND billing_periods.first_day <= charges.billed_on
        AND charges.billed_on <= billing_periods.last_day
ORDER BY
    "BillingAccountId",
    "ChargePeriodStart",
    "BillingPeriodStart",
    "ChargeDescription",
    "SkuPriceId",
    "Tags",
    "x_Source",
    "x_Type",
    "x_Status",
    "x_Model",
    "x_PriceId",
    "x_UnpricedReason",
    "RegionId",
    "ConsumedQuantity",
    "PricingQuantity",
    "BilledCost"
