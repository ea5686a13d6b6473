SELECT
  who,
  extract(hour FROM max(happened_at)) / 24                    AS of_the_day,
  date_part('day', now()) / count(*)                          AS days_an_event,
  extract(month FROM now() - max(happened_at) + INTERVAL '1 year 3 months') / 2 AS half_months,
  coalesce(extract(dow FROM min(happened_at)), 0) / 7         AS of_the_week
FROM events
GROUP BY who
