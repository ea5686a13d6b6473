-- ROWS frames and the functions of one row; ties are in order of their key.
SELECT
  card,
  id,
  row_number()                  OVER w                                                  AS nth,
  lag(amount)                   OVER w                                                  AS before,
  lag(amount, 2)                OVER w                                                  AS before_2,
  lag(shop, 1, 'none')          OVER w                                                  AS shop_before,
  sum(amount)                   OVER (PARTITION BY card ORDER BY paid_at, id ROWS 2 PRECEDING)                          AS last_3,
  sum(amount)                   OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING)  AS two_before,
  max(amount)                   OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS greatest,
  first_value(amount)           OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)  AS first_of_4,
  last_value(amount)            OVER (PARTITION BY card ORDER BY paid_at, id ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)  AS last_before,
  count(amount)                 OVER w                                                  AS amounts,
  amount - coalesce(lag(amount) OVER w, 0)                                              AS change
FROM payments
WINDOW w AS (PARTITION BY card ORDER BY paid_at, id)
