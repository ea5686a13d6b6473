-- WHERE decides which entities have a row.
SELECT card, count(*) AS n, sum(amount) AS total
FROM payments
WHERE paid_at > now() - INTERVAL '1 day'
GROUP BY card
