-- HAVING takes rows away and gives them back.
SELECT card, sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS total
FROM payments
WHERE amount > 0
GROUP BY card
HAVING sum(amount) FILTER (WHERE paid_at > now() - INTERVAL '1 day') > 5
