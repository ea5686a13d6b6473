SELECT card, id, amount,
  lag(amount) OVER (PARTITION BY card ORDER BY paid_at, id) AS before,
  sum(amount) OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 5 PRECEDING AND CURRENT ROW) AS last6
FROM tx
