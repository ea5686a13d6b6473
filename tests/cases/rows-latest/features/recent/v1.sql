-- The latest row that passes WHERE, until WHERE expires it; its frame is over rows that pass.
SELECT card, id, amount, sum(amount) OVER (PARTITION BY card ORDER BY paid_at) AS running
FROM payments
WHERE paid_at > now() - INTERVAL '1 day' AND amount IS NOT NULL
