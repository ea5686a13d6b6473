-- @event_time ts
-- @lateness 10 seconds
CREATE TABLE events (
  id bigint NOT NULL PRIMARY KEY,
  ts timestamp NOT NULL,
  k  text NOT NULL,
  v  integer
);
