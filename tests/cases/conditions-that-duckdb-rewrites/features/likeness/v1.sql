SELECT
  asked.card,
  asked.place,
  asked.place = same_v1.place OR (asked.place IS NULL AND same_v1.place IS NULL) AS as_before
FROM asked LEFT JOIN same_v1 ON same_v1.card = asked.card
