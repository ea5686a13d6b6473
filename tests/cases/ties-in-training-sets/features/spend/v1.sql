-- A label is often an event itself.
SELECT card, count(*) AS n, sum(amount) FILTER (WHERE paid_at >= now() - INTERVAL '1 hour') AS total_1h
FROM payments
GROUP BY card
