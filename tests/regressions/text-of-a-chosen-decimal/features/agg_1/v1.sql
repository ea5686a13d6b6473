-- @owner random
SELECT
  entity_1 AS key_0,
  CAST(greatest(entity_1 * 6.4, 7.74) AS text) AS f2
FROM events
WHERE entity_1 IS NOT NULL
GROUP BY entity_1
