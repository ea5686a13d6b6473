-- count of nothing is 0, any other aggregate of nothing NULL; 0, '' and false are values.
SELECT
  k,
  count(*)                          AS rows,
  count(n)                          AS numbers,
  count(s)                          AS texts,
  count(DISTINCT f)                 AS flags,
  sum(n)                            AS total,
  avg(n)                            AS mean,
  min(n)                            AS least,
  max(s)                            AS last_text,
  bool_and(f)                       AS all_true,
  bool_or(f)                        AS any_true,
  var_samp(n)                       AS spread,
  count(*) FILTER (WHERE n = 0)     AS zeros,
  count(*) FILTER (WHERE n <> 0)    AS others,
  count(*) FILTER (WHERE NOT f)     AS false_ones,
  count(*) FILTER (WHERE n IS DISTINCT FROM 0)  AS not_zero,
  count(*) FILTER (WHERE n IN (1, 2) OR s = '') AS listed,
  coalesce(min(n), -1)              AS filled,
  nullif(count(n), 0)               AS unless_none
FROM readings
GROUP BY k
