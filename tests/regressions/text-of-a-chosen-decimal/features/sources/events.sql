-- @event_time happened_at
-- @lateness 5 minutes
-- @key none
CREATE TABLE events (
  extra_2 decimal(12,2),
  extra_1 smallint,
  extra_4 date,
  entity_1 integer,
  qty smallint DEFAULT 7,
  extra_3 double precision,
  happened_at timestamp NOT NULL
);
