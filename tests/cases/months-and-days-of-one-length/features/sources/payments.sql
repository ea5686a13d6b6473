-- @event_time paid_at
CREATE TABLE payments (
  id      bigint NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  due_at  timestamp,
  card    text NOT NULL
);
