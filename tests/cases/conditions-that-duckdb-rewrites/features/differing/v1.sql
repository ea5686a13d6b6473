-- @entity card
SELECT card, id
FROM payments
WHERE NOT (billed = shipped OR (billed IS NULL AND shipped IS NULL))
