SELECT k, x, lag(x) OVER (PARTITION BY k ORDER BY ts, id) AS before,
  sum(x) OVER (PARTITION BY k ORDER BY ts, id ROWS 1 PRECEDING) AS two, max(x) OVER (PARTITION BY k ORDER BY ts) AS top
FROM readings
