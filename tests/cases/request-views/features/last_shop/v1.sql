-- @entity card
SELECT card, shop, paid_at
FROM payments
