-- @owner random
SELECT
  entity_1,
  CASE WHEN max(event_id) FILTER (WHERE happened_at < date_trunc('week', now())) IS NOT NULL THEN var_pop(extra_1) WHEN entity_1 THEN 99.2 ELSE -4.33 END + -33.9 AS f3
FROM events
GROUP BY entity_1
