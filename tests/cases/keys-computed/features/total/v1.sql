-- Keys that are never NULL need no condition; units of date_part are read in any case.
SELECT
  id % 3              AS part,
  greatest(amount, 3) AS floor,
  substr(card, 1, 1)  AS letter,
  count(*)            AS n,
  max(date_part('DOW', paid_at)) AS weekday
FROM payments
GROUP BY id % 3, greatest(amount, 3), substr(card, 1, 1)
