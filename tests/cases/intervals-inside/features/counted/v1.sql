-- No state keeps an interval; how many there are, it does.
SELECT
  card,
  count(paid_at - due_at)                                                                AS known,
  count(paid_at - due_at) FILTER (WHERE paid_at > now() - INTERVAL '1 day')              AS known_1d,
  count(CASE WHEN paid_at > due_at THEN paid_at - due_at END) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS overdue_1d
FROM payments
GROUP BY card
