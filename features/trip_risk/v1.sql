-- The features of the trip model: the request joined with the views it needs, all at one instant.
-- @owner pricing
SELECT
  r.origin,
  r.destination,
  r.bags,
  coalesce(a.departures_1h, 0)  AS origin_departures_1h,
  a.mean_delay_1h               AS origin_mean_delay_1h,
  b.worst_delay_1d              AS destination_worst_delay_1d,
  coalesce(t.departures_30d, 0) AS route_departures_30d
FROM trip_request r
LEFT JOIN airport_delays_v1 a ON a.origin = r.origin
LEFT JOIN airport_delays_v1 b ON b.origin = r.destination
LEFT JOIN route_delays_v1 t ON t.origin = r.origin AND t.destination = r.destination
