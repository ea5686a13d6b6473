-- A key with a fraction is another entity than its whole part.
SELECT price, count(*) AS n FROM payments GROUP BY price
