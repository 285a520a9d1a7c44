-- The tokens of each record by the parts that a price may want apart: each token is in exactly one of input_audio,
-- input_image, cached_audio, cached_image, text_in, cached_text, cache_write_1h, other_cache_write, reasoning,
-- output_audio, output_image and text_out. A part that the record does not count is in the text.
WITH counted AS (
    SELECT
        metered_records.*,
        EXTRACT(HOUR FROM occurred_at) * 60 + EXTRACT(MINUTE FROM occurred_at) AS at_minute,
        -- Without cached tokens, or without audio, no cached token is audio. If it is not known how many are, it is
        -- not known either how many others are audio. The same of images.
        CASE
            WHEN tokens_in_audio IS NULL THEN NULL
            WHEN tokens_in_audio = 0 OR tokens_cached = 0 THEN 0
            ELSE tokens_cached_audio
        END AS known_cached_audio,
        CASE
            WHEN tokens_in_image IS NULL THEN NULL
            WHEN tokens_in_image = 0 OR tokens_cached = 0 THEN 0
            ELSE tokens_cached_image
        END AS known_cached_image
    FROM metered_records
),

apart AS (
    SELECT
        counted.*,
        coalesce(tokens_in_audio - known_cached_audio, 0) AS input_audio,
        coalesce(tokens_in_image - known_cached_image, 0) AS input_image,
        coalesce(known_cached_audio, 0) AS cached_audio,
        coalesce(known_cached_image, 0) AS cached_image,
        coalesce(tokens_cache_write_1h, 0) AS cache_write_1h,
        coalesce(tokens_out_audio, 0) AS output_audio,
        coalesce(tokens_out_image, 0) AS output_image
    FROM counted
)

SELECT
    apart.*,
    tokens_in - tokens_cached - tokens_cache_write - input_audio - input_image AS text_in,
    tokens_cached - cached_audio - cached_image AS cached_text,
    tokens_cache_write - cache_write_1h AS other_cache_write,
    tokens_out - tokens_reasoning - output_audio - output_image AS text_out,
    tokens_reasoning AS reasoning
FROM apart
