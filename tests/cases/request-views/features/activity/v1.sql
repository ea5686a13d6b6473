SELECT card, count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS n, sum(amount) AS total, avg(amount) AS mean
FROM payments
GROUP BY card
