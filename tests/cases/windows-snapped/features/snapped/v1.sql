-- Bounds that stand still inside a unit and jump at its start; months and years from truncated bounds only.
SELECT
  card,
  count(*) FILTER (WHERE paid_at >= date_trunc('hour', now()))                                                             AS this_hour,
  count(*) FILTER (WHERE paid_at >= date_trunc('day', now()))                                                              AS today,
  count(*) FILTER (WHERE paid_at >= date_trunc('day', now()) - INTERVAL '1 day' AND paid_at < date_trunc('day', now()))    AS yesterday,
  count(*) FILTER (WHERE paid_at >= date_trunc('week', now()))                                                             AS this_week,
  count(*) FILTER (WHERE paid_at >= date_trunc('month', now()))                                                            AS this_month,
  count(*) FILTER (WHERE paid_at >= date_trunc('month', now()) - INTERVAL '1 month' AND paid_at < date_trunc('month', now())) AS last_month,
  count(*) FILTER (WHERE paid_at > date_trunc('quarter', now()))                                                           AS this_quarter,
  count(*) FILTER (WHERE paid_at >= date_trunc('year', now()) - INTERVAL '1 year')                                         AS two_years
FROM payments
GROUP BY card
