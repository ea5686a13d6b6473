-- @event_time ts
-- @lateness 10 seconds
-- @from v data.value
-- @from ts data.at_ms epoch_ms
CREATE TABLE events (
  id  bigint NOT NULL,
  ts  timestamp NOT NULL,
  k   varchar(3) DEFAULT 'na' NOT NULL,
  v   integer CHECK (v > 0),
  due date,
  PRIMARY KEY (id)
);
