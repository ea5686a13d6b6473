-- @owner random
SELECT
  j2.x2 AS f17
FROM incoming r
LEFT JOIN agg_1_v1 j1 ON j1.entity_1 = r.k1
LEFT JOIN agg_1_v1 j2 ON j2.entity_1 = r.k1
