-- @event_time ts
-- @lateness 10 seconds
-- @partition shard
CREATE TABLE events (
  id    bigint NOT NULL PRIMARY KEY,
  ts    timestamp NOT NULL,
  shard integer NOT NULL,
  n     integer
);
