-- DuckDB leaves out what has no value in the column.
SELECT card, count(*) AS payments, count(*) FILTER (WHERE disputed IS NOT TRUE OR disputed = FALSE) AS undisputed
FROM payments
WHERE refunded IS DISTINCT FROM 1 OR refunded > 5
GROUP BY card
