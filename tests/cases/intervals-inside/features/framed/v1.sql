SELECT card, id, count(paid_at - due_at) OVER (PARTITION BY card ORDER BY paid_at, id ROWS 1 PRECEDING) AS known
FROM payments
