SELECT part || part AS whole, id, lag(id) OVER (PARTITION BY part || part ORDER BY noted_at, id) AS before
FROM notes
