-- Declared complete: nothing is late, and of two records with one identity the first one read is taken.
SELECT k, count(*) AS n, (array_agg(v ORDER BY ts DESC, id DESC))[1] AS last_v FROM events GROUP BY k
