-- @event_time happened_at
CREATE TABLE events (
  extra_1 decimal(12,2),
  happened_at timestamp NOT NULL,
  event_id integer NOT NULL PRIMARY KEY,
  entity_1 boolean NOT NULL
);
