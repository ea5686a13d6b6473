-- @owner random
SELECT
  entity_1,
  stddev_pop(extra_6 * CAST(extra_4 AS integer)) AS f2
FROM events
WHERE entity_1 IS NOT NULL AND entity_1 IS NOT NULL
GROUP BY entity_1
