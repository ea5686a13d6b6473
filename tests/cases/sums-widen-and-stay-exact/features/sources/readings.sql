-- @event_time ts
-- @lateness 1 minute
CREATE TABLE readings (
  id bigint NOT NULL PRIMARY KEY,
  ts timestamp NOT NULL,
  k  text NOT NULL,
  s smallint,
  i integer,
  b bigint,
  d decimal(18,4),
  w decimal(38,0),
  x double precision
);
