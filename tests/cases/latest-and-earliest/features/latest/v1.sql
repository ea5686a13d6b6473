-- The latest value counts NULL, and the key decides between events of one instant.
SELECT
  card,
  (array_agg(amount ORDER BY paid_at DESC, id DESC))[1]                                                             AS last_amount,
  (array_agg(shop ORDER BY paid_at DESC, id DESC) FILTER (WHERE shop IS NOT NULL))[1]                               AS last_shop,
  (array_agg(shop ORDER BY paid_at ASC, id ASC))[1]                                                                 AS first_shop,
  (array_agg(amount ORDER BY paid_at DESC, id DESC) FILTER (WHERE paid_at > now() - INTERVAL '1 hour'))[1]          AS last_1h,
  (array_agg(amount ORDER BY paid_at, id) FILTER (WHERE paid_at > now() - INTERVAL '1 hour' AND amount > 0))[1]     AS first_1h
FROM payments
GROUP BY card
