-- @owner random
SELECT
  entity_1,
  CASE WHEN count(*) = -4 THEN count(*) * 1.0 / count(DISTINCT extra_1) FILTER (WHERE now() - happened_at < INTERVAL '1 hour') WHEN now() IS NOT NULL THEN -43.8 END - 8.47 AS f1
FROM events
WHERE entity_1 IS NOT NULL
GROUP BY entity_1
