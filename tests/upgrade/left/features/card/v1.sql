SELECT card,
  count(*) AS n,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n_1h,
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS amount_1d,
  avg(weight) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS weight_1d,
  stddev_samp(weight) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS spread_1d,
  max(amount) FILTER (WHERE paid_at > now() - INTERVAL '6 hours') AS most_6h,
  count(DISTINCT kind) FILTER (WHERE paid_at > now() - INTERVAL '6 hours') AS kinds_6h,
  (array_agg(id ORDER BY paid_at DESC, id DESC))[1] AS last_id
FROM tx GROUP BY card
