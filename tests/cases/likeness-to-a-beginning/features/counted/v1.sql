-- п, タ and ÿ end in a byte whose successor stands in no text: DuckDB raises where it looks for what a pattern's beginning bounds.
SELECT
  guest,
  count(*)                                          AS orders,
  count(*) FILTER (WHERE dish LIKE 'суп%')          AS soups,
  count(*) FILTER (WHERE dish LIKE 'суп%ом')        AS with_something,
  count(*) FILTER (WHERE dish NOT LIKE 'タ_')        AS others,
  count(*) FILTER (WHERE dish LIKE 'ÿ''%')          AS quoted,
  count(*) FILTER (WHERE dish LIKE '%суп')          AS at_the_end
FROM orders
GROUP BY guest
