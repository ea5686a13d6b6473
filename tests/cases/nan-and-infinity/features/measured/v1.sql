-- NaN is above infinity and equal to itself; what enters a sum leaves it again, NaN and infinities too.
SELECT
  k,
  count(*) FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS n,
  sum(x)   FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS total,
  avg(x)   FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS mean,
  min(x)   FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS least,
  max(x)   FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS greatest,
  max(r)   FILTER (WHERE ts > now() - INTERVAL '1 hour')                                   AS real,
  count(DISTINCT x) FILTER (WHERE ts > now() - INTERVAL '1 hour')                          AS kinds,
  count(*) FILTER (WHERE ts > now() - INTERVAL '1 hour' AND x > 1e300)                     AS above,
  count(*) FILTER (WHERE ts > now() - INTERVAL '1 hour' AND x = x)                         AS same,
  (array_agg(x ORDER BY ts DESC, id DESC) FILTER (WHERE ts > now() - INTERVAL '1 hour'))[1] AS newest
FROM readings
GROUP BY k
