SELECT
  k,
  sum(s)      AS s,
  sum(i)      AS i,
  sum(b)      AS b,
  sum(d)      AS d,
  sum(w)      AS w,
  sum(x)      AS x,
  avg(i)      AS mean_i,
  avg(b)      AS mean_b,
  avg(d)      AS mean_d,
  sum(x) FILTER (WHERE ts > now() - INTERVAL '10 seconds') AS x_10s,
  var_pop(x) FILTER (WHERE ts > now() - INTERVAL '10 seconds')  AS spread_10s,
  stddev_samp(d) AS deviation
FROM readings
GROUP BY k
