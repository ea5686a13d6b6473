-- Windows that end before now: an event enters them when it is old enough, and leaves them later.
SELECT
  card,
  sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '2 days' AND paid_at <= now() - INTERVAL '1 day')       AS day_before,
  count(*)    FILTER (WHERE paid_at BETWEEN now() - INTERVAL '2 days' AND now() - INTERVAL '1 day')            AS closed,
  max(amount) FILTER (WHERE paid_at < now() - INTERVAL '1 day')                                                AS max_old,
  count(*)    FILTER (WHERE now() - paid_at >= INTERVAL '1 day' AND now() - paid_at < INTERVAL '2 days')       AS by_age
FROM payments
GROUP BY card
