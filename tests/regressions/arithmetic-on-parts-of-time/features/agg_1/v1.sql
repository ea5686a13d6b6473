-- @owner random
SELECT
  entity_2,
  date_trunc('month', happened_at) AS key_1,
  extract(epoch FROM date_trunc('month', happened_at)) * 4.61 AS f2
FROM events
WHERE entity_2 IS NOT NULL
GROUP BY entity_2, date_trunc('month', happened_at)
