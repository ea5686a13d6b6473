-- Keys are expressions: their values are the entity.
SELECT lower(card) AS card, date_trunc('day', paid_at) AS day, count(*) AS n, sum(amount) AS total
FROM payments
GROUP BY lower(card), date_trunc('day', paid_at)
