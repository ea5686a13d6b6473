-- AND before OR, NOT before AND and after comparisons, `-` and `/` from the left.
SELECT card,
  count(*) FILTER (WHERE refund OR amount > 4 AND card = 'a')       AS or_and,
  count(*) FILTER (WHERE card = 'a' AND amount > 4 OR refund)       AS and_or,
  count(*) FILTER (WHERE (refund OR amount > 4) AND card = 'a')     AS grouped,
  count(*) FILTER (WHERE NOT amount > 4 AND card = 'a')             AS not_and,
  count(*) FILTER (WHERE NOT refund IS NULL)                        AS not_null,
  count(*) FILTER (WHERE refund IS NOT TRUE)                        AS not_true,
  count(*) FILTER (WHERE amount NOT BETWEEN 2 AND 6 OR refund)      AS outside,
  count(*) FILTER (WHERE amount IN (1, 5) AND amount NOT IN (5, 9)) AS listed,
  max(amount) - min(amount) - 1                                     AS minus,
  sum(amount) / 2.0 / 2.0                                           AS quarters
FROM payments
GROUP BY card
HAVING count(*) > 1 OR card = 'z' AND max(amount) IS NULL
