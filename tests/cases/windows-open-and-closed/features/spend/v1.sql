-- Open and closed ends, with events exactly on them.
SELECT
  card,
  count(*) FILTER (WHERE paid_at >  now() - INTERVAL '1 hour')                              AS after_open,
  count(*) FILTER (WHERE paid_at >= now() - INTERVAL '1 hour')                              AS after_closed,
  count(*) FILTER (WHERE paid_at <  now() - INTERVAL '1 hour')                              AS before_open,
  count(*) FILTER (WHERE paid_at <= now() - INTERVAL '1 hour')                              AS before_closed,
  count(*) FILTER (WHERE paid_at <  now())                                                  AS before_now,
  count(*) FILTER (WHERE paid_at BETWEEN now() - INTERVAL '1 hour' AND now())               AS in_between,
  count(*) FILTER (WHERE now() - paid_at < INTERVAL '1 hour')                               AS younger,
  count(*) FILTER (WHERE now() - paid_at <= INTERVAL '1 hour')                              AS not_older,
  count(*) FILTER (WHERE now() - INTERVAL '1 hour' < paid_at AND now() >= paid_at)          AS turned
FROM payments
GROUP BY card
