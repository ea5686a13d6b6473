SELECT
  k,
  max(z)                                              AS latest_z,
  max(d)                                              AS latest_d,
  max(date_trunc('week', ts))                         AS week,
  max(CAST(ts AS date))                               AS day,
  max(extract(hour FROM ts))                          AS hour,
  max(ts + INTERVAL '1 day 30 minutes')               AS later,
  extract(epoch FROM max(ts) - min(ts))               AS span,
  max(d) - min(d)                                     AS days,
  count(*) FILTER (WHERE ts >= TIMESTAMP '2001-03-04 22:00:00') AS since
FROM readings
GROUP BY k
