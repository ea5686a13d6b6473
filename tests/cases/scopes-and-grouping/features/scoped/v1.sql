-- The name of a CTE hides a source's, but not inside that CTE; a CTE sees those before it; the conditions of every level hold.
WITH payments AS (SELECT card, amount + 1 AS amount, paid_at, id FROM payments WHERE amount > 0 OR card = 'z'),
  small (who, cents) AS (SELECT card, amount FROM payments WHERE amount < 100)
SELECT q.who, count(*) AS n, sum(q.cents) AS total
FROM (SELECT * FROM small WHERE who <> 'x' OR cents > 5 AND who = 'x') q
WHERE q.cents <> 3 AND (who = 'a' OR who = 'b' OR who = 'x')
GROUP BY q.who
