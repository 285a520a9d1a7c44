-- Guarded casts: a text either has the expected form or becomes NULL. DuckDB's own casts are more generous
-- ('12.7' as 13, '0x1F' as 31, '1_000' as 1000, 'infinity' as a time), and a meter may not be.

CREATE OR REPLACE MACRO main.plain_text(t) AS nullif(t, '');

-- The name of a landing file without the endings of its type and compression.
CREATE OR REPLACE MACRO main.file_stem(path) AS
    regexp_replace(parse_filename(path), '\.(jsonl|csv)(\.(gz|zst))?$', '');

-- A line without its end.
CREATE OR REPLACE MACRO main.line_text(t) AS regexp_replace(t, '[\r\n]+$', '');

-- The first 128 bits of SHA-256: enough to tell texts apart, and half as wide in every table.
CREATE OR REPLACE MACRO main.text_digest(t) AS left(sha256(t), 32);

-- The attributes of a list of {key, value}, and the value of one of them; of two with one key the first counts.
CREATE OR REPLACE MACRO main.attributes_in(list) AS json_transform(list, '[{"key":"VARCHAR","value":"JSON"}]');

CREATE OR REPLACE MACRO main.attribute(attributes, name) AS
    attributes[list_position(list_transform(attributes, lambda pair: pair.key), name)].value;

-- The first element whose field has a text.
CREATE OR REPLACE MACRO main.element_with(elements, field, text) AS
    list_filter(elements, lambda element: json_extract_string(element, field) = text)[1];

-- An object or a list is no name: its text depends on the order of its keys.
CREATE OR REPLACE MACRO main.single_text(t) AS
    CASE WHEN NOT ((starts_with(t, '{') OR starts_with(t, '[')) AND json_valid(t)) THEN t END;

-- The elements of a list; one that is null for what is there and is no list. A text that is not JSON has none:
-- some APIs write a message without parts so.
CREATE OR REPLACE MACRO main.elements_at(document, path) AS
    CASE coalesce(json_type(document, path), 'NULL')
        WHEN 'ARRAY' THEN json_extract(json_extract(document, path), '$[*]')
        WHEN 'NULL' THEN []
        WHEN 'VARCHAR' THEN CASE WHEN single_text(json_extract_string(document, path)) IS NULL THEN [NULL] ELSE [] END
        ELSE [NULL]
    END;

CREATE OR REPLACE MACRO main.elements_with(elements, field, text) AS
    list_filter(elements, lambda element: element IS NULL OR json_extract_string(element, field) = text);

CREATE OR REPLACE MACRO main.texts_at(elements, path) AS
    list_filter(
        list_transform(
            elements,
            lambda element: CASE WHEN element IS NOT NULL THEN coalesce(json_extract_string(element, path), '') END
        ),
        lambda text: text IS NULL OR text <> ''
    );

CREATE OR REPLACE MACRO main.count_of(texts) AS
    CASE
        WHEN len(list_filter(texts, lambda text: text IS NULL)) > 0 THEN 'no list'
        ELSE CAST(coalesce(len(texts), 0) AS VARCHAR)
    END;

-- OpenTelemetry wraps a value in an object that names its type.
CREATE OR REPLACE MACRO main.attribute_text(value) AS
    coalesce(
        json_extract_string(value, '$.stringValue'),
        json_extract_string(value, '$.intValue'),
        json_extract_string(value, '$.doubleValue'),
        json_extract_string(value, '$.boolValue'),
        json_extract_string(value, '$')
    );

-- What usage is grouped by has to fit an index of a database, and no database takes a NUL.
CREATE OR REPLACE MACRO main.dimension_text(t) AS
    CASE WHEN length(t) <= 256 AND NOT contains(t, chr(0)) THEN single_text(t) END;

CREATE OR REPLACE MACRO main.text_without_nul(t) AS CASE WHEN NOT contains(t, chr(0)) THEN plain_text(t) END;

-- The id of a record is part of an index, too.
CREATE OR REPLACE MACRO main.is_record_id(t) AS
    strlen(t) <= 1024 AND NOT contains(t, chr(0)) AND single_text(t) IS NOT NULL;

-- After an erasure, `erased:` and a digest stand in the place of an id.
CREATE OR REPLACE MACRO main.conversation_text(t) AS CASE WHEN NOT starts_with(t, 'erased:') THEN single_text(t) END;

CREATE OR REPLACE MACRO main.is_tenant(t) AS
    length(t) <= 128 AND t = trim(t) AND NOT regexp_matches(t, '\p{Cc}') AND single_text(t) IS NOT NULL;

-- No more than 15 digits: a few lines with more would take the sum of a day out of BIGINT, and fail it for all
-- tenants. So many digits a double holds exactly, too, and DuckDB's JSON reader gives it 12.0 by way of one.
-- What a cast and a cast back leave as it was is a number in its plain form, and is told in half the time.
CREATE OR REPLACE MACRO main.whole_number(t) AS
    CASE
        WHEN strlen(t) <= 15 AND CAST(TRY_CAST(t AS UBIGINT) AS VARCHAR) = t THEN CAST(t AS BIGINT)
        WHEN regexp_full_match(t, '[0-9]{1,15}(\.0+)?') THEN CAST(split_part(t, '.', 1) AS BIGINT)
    END;

-- A duration may have a fraction; digits below the millisecond are cut off.
CREATE OR REPLACE MACRO main.milliseconds(t) AS
    CASE
        WHEN strlen(t) <= 15 AND CAST(TRY_CAST(t AS UBIGINT) AS VARCHAR) = t THEN CAST(t AS BIGINT)
        WHEN regexp_full_match(t, '[0-9]{1,15}(\.[0-9]+)?') THEN CAST(split_part(t, '.', 1) AS BIGINT)
    END;

-- 5.2e-05 as 0.000052…: languages write small fractions so.
CREATE OR REPLACE MACRO main.without_exponent(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,13}(\.[0-9]+)?[eE][+-]?[0-9]{1,2}')
            THEN CAST(TRY_CAST(t AS DECIMAL(38, 24)) AS VARCHAR)
        ELSE t
    END;

CREATE OR REPLACE MACRO main.fraction(t, digits) AS
    CAST(rpad(left(split_part(t, '.', 2), digits), digits, '0') AS BIGINT);

-- A duration in microseconds, by its unit; digits below are cut off.
CREATE OR REPLACE MACRO main.plain_us_of_s(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,12}(\.[0-9]+)?')
            THEN CAST(split_part(t, '.', 1) AS BIGINT) * 1000000 + fraction(t, 6)
    END;

CREATE OR REPLACE MACRO main.us_of_s(t) AS plain_us_of_s(without_exponent(t));

CREATE OR REPLACE MACRO main.plain_us_of_ms(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,15}(\.[0-9]+)?')
            THEN CAST(split_part(t, '.', 1) AS BIGINT) * 1000 + fraction(t, 3)
    END;

CREATE OR REPLACE MACRO main.us_of_ms(t) AS plain_us_of_ms(without_exponent(t));

CREATE OR REPLACE MACRO main.plain_us_of_us(t) AS
    CASE WHEN regexp_full_match(t, '[0-9]{1,18}(\.[0-9]+)?') THEN CAST(split_part(t, '.', 1) AS BIGINT) END;

CREATE OR REPLACE MACRO main.us_of_us(t) AS plain_us_of_us(without_exponent(t));

CREATE OR REPLACE MACRO main.us_of_ns(t) AS us_of_us(t) // 1000;

-- A term of a sum of durations, which takes what a duration of its unit takes.
CREATE OR REPLACE MACRO main.term_of_s(t) AS CASE WHEN us_of_s(t) IS NOT NULL THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

CREATE OR REPLACE MACRO main.term_of_ms(t) AS CASE WHEN us_of_ms(t) IS NOT NULL THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

CREATE OR REPLACE MACRO main.term_of_us(t) AS CASE WHEN us_of_us(t) IS NOT NULL THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

CREATE OR REPLACE MACRO main.term_of_ns(t) AS CASE WHEN us_of_ns(t) IS NOT NULL THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

CREATE OR REPLACE MACRO main.exact_decimal(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,13}(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?')
            THEN TRY_CAST(t AS DECIMAL(38, 24))
    END;

-- Digits below the microsecond are cut off, never rounded: 23:59:59.9999999 stays on its day.
CREATE OR REPLACE MACRO main.to_microseconds(t) AS regexp_replace(t, '(\.[0-9]{6})[0-9]+', '\1');

-- The first form is the one of nearly all logs, and is read in half the time.
CREATE OR REPLACE MACRO main.time_iso(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z')
            THEN TRY_CAST(t AS TIMESTAMP)
        WHEN regexp_full_match(
            t, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)'
        ) THEN timezone('UTC', TRY_CAST(to_microseconds(t) AS TIMESTAMPTZ))
    END;

CREATE OR REPLACE MACRO main.time_iso_in_zone(t, zone) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?')
            THEN timezone('UTC', timezone(zone, TRY_CAST(to_microseconds(t) AS TIMESTAMP)))
        ELSE time_iso(t)
    END;

CREATE OR REPLACE MACRO main.time_epoch_s(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,11}(\.[0-9]+)?')
            THEN make_timestamp(CAST(split_part(t, '.', 1) AS BIGINT) * 1000000 + fraction(t, 6))
    END;

CREATE OR REPLACE MACRO main.time_epoch_ms(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,14}(\.[0-9]+)?')
            THEN make_timestamp(CAST(split_part(t, '.', 1) AS BIGINT) * 1000 + fraction(t, 3))
    END;

CREATE OR REPLACE MACRO main.time_epoch_us(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,17}(\.[0-9]+)?')
            THEN make_timestamp(CAST(split_part(t, '.', 1) AS BIGINT))
    END;

CREATE OR REPLACE MACRO main.time_epoch_ns(t) AS
    CASE
        WHEN regexp_full_match(t, '[0-9]{1,20}(\.[0-9]+)?')
            THEN make_timestamp(CAST('0' || left(split_part(t, '.', 1), -3) AS BIGINT))
    END;

CREATE OR REPLACE MACRO main.time_day(t) AS
    CASE WHEN regexp_full_match(t, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN CAST(TRY_CAST(t AS DATE) AS TIMESTAMP) END;

-- A start and the microseconds since; no time is later than the year 9999.
CREATE OR REPLACE MACRO main.time_since(start, passed) AS
    CASE WHEN epoch_us(start) + passed < 253402300800000000 THEN make_timestamp(epoch_us(start) + passed) END;

-- The last one, so where it is, all are.
CREATE OR REPLACE MACRO main.has_landing_macros() AS true;
