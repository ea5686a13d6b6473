-- How busy and how late an airport is right now.
-- @owner operations
SELECT
  origin,
  count(*)        FILTER (WHERE departed_at > now() - INTERVAL '1 hour')                AS departures_1h,
  avg(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 hour')                AS mean_delay_1h,
  max(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 day')                 AS worst_delay_1d,
  avg(delay)      FILTER (WHERE departed_at > now() - INTERVAL '1 day')                 AS mean_delay_1d,
  count(*)        FILTER (WHERE departed_at > now() - INTERVAL '7 days' AND delay > 60) AS long_delays_7d,
  sum(distance)   FILTER (WHERE departed_at > now() - INTERVAL '7 days')                AS miles_7d
FROM flights
GROUP BY origin
