-- @event_time happened_at
-- @lateness 2 hours
-- @max_ahead 10 seconds
-- @partition shard
CREATE TABLE events (
  extra_3 real,
  extra_5 date,
  happened_at timestamptz NOT NULL,
  extra_4 text,
  entity_1 bigint,
  extra_1 integer NOT NULL,
  extra_2 timestamp,
  event_id text NOT NULL PRIMARY KEY,
  shard smallint NOT NULL,
  city double precision
);
