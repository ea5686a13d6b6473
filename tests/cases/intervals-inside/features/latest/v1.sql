-- @entity card
SELECT card, id, now() - paid_at > paid_at - due_at AS waited, extract(epoch FROM paid_at - due_at) AS behind
FROM payments
