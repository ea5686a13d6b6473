-- @event_time happened_at
-- @lateness 10 minutes
-- @from entity_2 entity_2_in
CREATE TABLE events (
  score double precision,
  entity_2 bigint,
  note integer NOT NULL,
  extra_2 decimal(12,2),
  qty date NOT NULL,
  happened_at timestamp NOT NULL,
  extra_3 bigint,
  extra_1 smallint,
  event_id bigint NOT NULL PRIMARY KEY,
  entity_1 varchar(6) NOT NULL
);
