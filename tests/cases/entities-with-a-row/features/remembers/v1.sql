-- A window in FILTER remembers every entity.
SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS n, sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS total
FROM payments
GROUP BY card
