-- RANGE frames: those that end at CURRENT ROW include ties, also ties that arrive later.
SELECT
  card,
  sum(amount) OVER (PARTITION BY card ORDER BY paid_at RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND CURRENT ROW)                  AS hour,
  count(*)    OVER (PARTITION BY card ORDER BY paid_at RANGE INTERVAL '10 minutes' PRECEDING)                                     AS short,
  sum(amount) OVER (PARTITION BY card ORDER BY paid_at RANGE BETWEEN INTERVAL '2 hours' PRECEDING AND INTERVAL '1 hour' PRECEDING) AS earlier,
  count(*)    OVER (PARTITION BY card ORDER BY paid_at)                                                                           AS whole,
  min(amount) OVER (PARTITION BY card ORDER BY paid_at RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '30 minutes' PRECEDING)      AS least_before,
  sum(amount) FILTER (WHERE shop = 'x') OVER (PARTITION BY card ORDER BY paid_at)                                                  AS at_x
FROM payments
