-- @event_time ts
-- @lateness 1 hour
CREATE TABLE readings (
  id bigint NOT NULL PRIMARY KEY,
  ts timestamp NOT NULL,
  k  text NOT NULL,
  x  double precision,
  r  real
);
