-- @event_time paid_at
-- @lateness 30 minutes
CREATE TABLE tx (
  id bigint NOT NULL,
  paid_at timestamp NOT NULL,
  card text NOT NULL,
  amount decimal(12,2) CHECK (amount > 0),
  weight double,
  kind text,
  PRIMARY KEY (id)
);
