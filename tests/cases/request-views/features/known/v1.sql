-- An inner join takes cold requests away.
SELECT r.card, r.payee, a.mean
FROM payment_request r
JOIN activity_v1 a ON a.card = r.payee
