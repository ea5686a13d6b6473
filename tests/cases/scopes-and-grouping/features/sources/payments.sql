-- @event_time paid_at
-- @lateness 1 hour
CREATE TABLE payments (
  id      bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card    text NOT NULL,
  amount  integer,
  refund  boolean
);
