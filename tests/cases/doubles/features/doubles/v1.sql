-- −0 is 0; half is rounded away from zero; variance is never below 0.
SELECT
  k,
  min(x)                AS least,
  max(x)                AS greatest,
  sum(round(x))         AS rounded,
  sum(floor(x))         AS floors,
  sum(trunc(x))         AS truncated,
  var_pop(x)            AS spread,
  max(r)                AS reals,
  sum(r)                AS real_sum,
  count(*) FILTER (WHERE x = 0)  AS zeros,
  max(x) / 3.0          AS third
FROM readings
GROUP BY k
