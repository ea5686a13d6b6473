-- @event_time ts
-- @lateness 1 minute
CREATE TABLE readings (
  id bigint NOT NULL PRIMARY KEY,
  ts timestamp NOT NULL,
  k  text NOT NULL,
  i integer,
  b bigint,
  d decimal(38,2),
  x double precision,
  s text
);
