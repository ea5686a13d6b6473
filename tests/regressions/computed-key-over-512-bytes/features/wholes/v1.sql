SELECT part || part AS whole, count(*) AS n, max(id) FILTER (WHERE noted_at > now() - INTERVAL '1 hour') AS newest
FROM notes
GROUP BY part || part
