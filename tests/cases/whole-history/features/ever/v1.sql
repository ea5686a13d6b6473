-- No window: everything since the first event.
SELECT
  card,
  count(*)                     AS n,
  sum(amount)                  AS total,
  min(paid_at)                 AS first_at,
  max(paid_at)                 AS last_at,
  count(*) FILTER (WHERE amount > 2 OR shop = 'x') AS chosen,
  max(paid_at) = min(paid_at)  AS once,
  extract(epoch FROM now() - max(paid_at)) AS idle_seconds
FROM payments
GROUP BY card
