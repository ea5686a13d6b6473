-- Order by code point, letters of ASCII only; of text that no column holds too.
SELECT
  k,
  min(s)                                AS least,
  max(s)                                AS greatest,
  max(upper(s))                         AS loud,
  count(*) FILTER (WHERE s < 'a')       AS capitals,
  count(*) FILTER (WHERE s > '￮')       AS beyond,
  count(*) FILTER (WHERE s LIKE '_')    AS single,
  count(*) FILTER (WHERE s LIKE '%😀')  AS smiling,
  max(length(s))                        AS longest,
  max(substr(s, 1, 1))                  AS initial,
  min(lower(s) || '-' || k)             AS joined,
  max(CASE WHEN s < 'a' THEN 'B' ELSE 'a' END)                          AS chosen,
  count(*) FILTER (WHERE CASE WHEN s < 'a' THEN 'B' ELSE 'a' END > 'B') AS above
FROM readings
GROUP BY k
