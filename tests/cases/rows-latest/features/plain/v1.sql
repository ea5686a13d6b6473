-- @entity card
SELECT card, shop, now() - paid_at < INTERVAL '1 hour' AS fresh, upper(shop) AS loud
FROM payments
