-- Overflow, division by zero and failed casts give NULL, in every stage.
SELECT
  k,
  sum(i + 1)                                      AS stage_1,
  count(i + 1)                                    AS counted,
  max(b) + 1                                      AS stage_3,
  max(b * 2)                                      AS product,
  max(1.0 / i)                                    AS division,
  max(d * 1.00)                                   AS wide,
  max(ln(x))                                      AS logarithm,
  max(sqrt(x))                                    AS root,
  max(exp(x))                                     AS exponential,
  max(CAST(s AS integer))                         AS casted,
  count(*) FILTER (WHERE b + 1 > 0)               AS in_filter,
  count(*) FILTER (WHERE (b + 1 > 0) IS NULL)     AS null_in_filter,
  max(i % (i - i))                                AS remainder
FROM readings
GROUP BY k
