-- @owner random
SELECT
  entity_1,
  abs(entity_1) AS f1,
  coalesce(CASE WHEN (entity_1 < 77.3) IS FALSE THEN count(DISTINCT happened_at) FILTER (WHERE happened_at >= date_trunc('month', now()) - INTERVAL '1 month' AND happened_at < date_trunc('month', now())) WHEN (entity_1 IS DISTINCT FROM entity_1) IS TRUE THEN 5 ELSE 69 END, count(DISTINCT happened_at) FILTER (WHERE happened_at >= date_trunc('month', now()) - INTERVAL '1 month' AND happened_at < date_trunc('month', now()))) AS f2,
  count(DISTINCT happened_at) FILTER (WHERE happened_at >= date_trunc('month', now()) - INTERVAL '1 month' AND happened_at < date_trunc('month', now())) AS f3,
  bool_or(flag) FILTER (WHERE happened_at > now() - INTERVAL '1 day 12 hours') AS f4,
  stddev_samp(extra_1) AS x1,
  avg(extra_2) FILTER (WHERE happened_at <= date_trunc('month', now()) - INTERVAL '30 days') AS x2,
  CAST(max(extra_4) FILTER (WHERE happened_at BETWEEN date_trunc('month', now()) - INTERVAL '30 days' AND date_trunc('month', now())) AS date) AS x3,
  CAST(max(extra_5) FILTER (WHERE happened_at >= now() - INTERVAL '30 days') AS double precision) AS x4,
  max(extra_6) FILTER (WHERE happened_at > now() - INTERVAL '1 day 12 hours') IN ('b') AS x5,
  max(extra_7) FILTER (WHERE happened_at BETWEEN date_trunc('month', now()) - INTERVAL '30 days' AND date_trunc('month', now())) > 2 AS x6,
  max(extra_8) FILTER (WHERE happened_at >= now() - INTERVAL '1 day 12 hours') * max(extra_8) FILTER (WHERE happened_at >= now() - INTERVAL '1 day 12 hours') AS x7
FROM events
WHERE entity_1 IS NOT NULL
GROUP BY entity_1
