-- @event_time happened_at
-- @lateness 1 day
CREATE TABLE events (
  extra_6 bigint NOT NULL,
  extra_8 double precision NOT NULL,
  extra_2 real NOT NULL,
  extra_1 double precision,
  event_id integer NOT NULL PRIMARY KEY,
  note real NOT NULL,
  extra_3 real,
  extra_5 date NOT NULL,
  extra_4 smallint,
  extra_7 boolean,
  happened_at timestamptz NOT NULL,
  entity_1 text
);
