-- @event_time noted_at
-- @lateness 1 hour
CREATE TABLE notes (
  id       bigint NOT NULL PRIMARY KEY,
  noted_at timestamp NOT NULL,
  part     text NOT NULL
);
