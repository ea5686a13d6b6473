-- DuckDB makes `IS NOT DISTINCT FROM` of such an OR, which is FALSE where this is NULL.
SELECT
  card,
  max(billed) = max(shipped) OR (max(billed) IS NULL AND max(shipped) IS NULL)                               AS same,
  (max(billed) = max(shipped) AND count(*) > 0) OR (max(billed) IS NULL AND max(shipped) IS NULL AND count(*) > 0) AS same_too,
  count(*) FILTER (WHERE NOT (billed = shipped OR (billed IS NULL AND shipped IS NULL)))                      AS elsewhere,
  max(billed)                                                                                                 AS place
FROM payments
GROUP BY card
