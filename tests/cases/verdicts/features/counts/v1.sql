SELECT k, count(*) AS n, sum(v) AS total FROM events GROUP BY k
