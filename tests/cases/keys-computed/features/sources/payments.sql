-- @event_time paid_at
-- @lateness 1 hour
CREATE TABLE payments (
  id      bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card    text NOT NULL,
  shop    text,
  amount  decimal(12,2)
);
