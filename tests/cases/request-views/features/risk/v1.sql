-- The same view under two keys, cold entities coalesced, the request's own columns.
SELECT
  r.card,
  r.amount,
  coalesce(a.n, 0)                          AS card_n,
  coalesce(b.n, 0)                          AS payee_n,
  a.total                                   AS card_total,
  coalesce(r.amount * 1.0 / nullif(a.total, 0), -1) AS share,
  l.shop                                    AS card_shop,
  extract(epoch FROM now() - l.paid_at)     AS seconds_since
FROM payment_request r
LEFT JOIN activity_v1 a ON a.card = r.card
LEFT JOIN activity_v1 b ON b.card = r.payee
LEFT JOIN last_shop_v1 l ON l.card = r.card
