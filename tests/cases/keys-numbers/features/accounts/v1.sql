-- Small keys, negative ones and such as no double holds.
SELECT account, count(*) AS n FROM payments GROUP BY account
