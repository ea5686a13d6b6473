-- The last thirty days of a route; routes without a departure in them have no row.
-- @owner operations
SELECT
  origin,
  destination,
  count(*)                              AS departures_30d,
  avg(delay)                            AS mean_delay_30d,
  stddev_samp(delay)                    AS spread_delay_30d,
  min(distance)                         AS distance,
  extract(epoch FROM (now() - max(departed_at))) AS seconds_since_departure
FROM flights
WHERE departed_at > now() - INTERVAL '30 days'
GROUP BY origin, destination
