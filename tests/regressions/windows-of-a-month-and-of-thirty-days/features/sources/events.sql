-- @event_time happened_at
-- @lateness 30 seconds
-- @key none
-- @from entity_2 entity_2_in
-- @from amount data.amount_in
CREATE TABLE events (
  extra_5 smallint NOT NULL,
  extra_7 integer,
  extra_4 timestamp,
  price integer NOT NULL,
  note text,
  extra_1 double precision,
  flag boolean,
  entity_1 decimal(6,2),
  extra_6 text,
  extra_2 bigint,
  entity_2 text NOT NULL,
  delay double precision,
  amount double precision NOT NULL,
  status double precision,
  happened_at timestamp NOT NULL,
  extra_3 timestamptz NOT NULL,
  extra_8 double precision NOT NULL
);
