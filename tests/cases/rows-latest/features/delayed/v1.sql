-- A row is there once it is old enough.
-- @entity card
SELECT card, id
FROM payments
WHERE paid_at <= now() - INTERVAL '1 hour'
