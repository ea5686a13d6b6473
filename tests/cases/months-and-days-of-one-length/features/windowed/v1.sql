SELECT
  card,
  count(*) FILTER (WHERE paid_at >= date_trunc('month', now()) - INTERVAL '1 month') AS of_a_month,
  count(*) FILTER (WHERE paid_at >= date_trunc('month', now()) - INTERVAL '30 days') AS of_30_days
FROM payments
GROUP BY card
