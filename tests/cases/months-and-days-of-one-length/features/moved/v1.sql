-- DuckDB takes a month and 30 days for one interval where it looks for equal expressions.
SELECT
  card,
  max(paid_at - INTERVAL '1 month')                                                                        AS a_month_before,
  max(paid_at - INTERVAL '30 days')                                                                        AS days_before,
  min(paid_at + INTERVAL '1 year')                                                                         AS a_year_after,
  min(paid_at + 12 * INTERVAL '30 days')                                                                   AS days_after,
  count(*) FILTER (WHERE due_at > paid_at - INTERVAL '30 days' OR due_at > paid_at - INTERVAL '1 month')   AS due_since
FROM payments
GROUP BY card
