-- A nullable key says in WHERE that it is not NULL.
SELECT shop, count(DISTINCT card) FILTER (WHERE paid_at > now() - INTERVAL '1 day') AS cards
FROM payments
WHERE shop IS NOT NULL
GROUP BY shop
