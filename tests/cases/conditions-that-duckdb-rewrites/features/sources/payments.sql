-- @event_time paid_at
CREATE TABLE payments (
  id       bigint NOT NULL PRIMARY KEY,
  paid_at  timestamp NOT NULL,
  card     text NOT NULL,
  billed   integer,
  shipped  integer,
  -- Of no record yet.
  refunded integer,
  disputed boolean
);
