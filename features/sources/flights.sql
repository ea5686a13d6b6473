-- US domestic flights of the first half of 2001, in order of departure. The data has no key.
-- @event_time departed_at
-- @lateness   10 minutes
-- @key        none
-- @from       departed_at date
CREATE TABLE flights (
  departed_at timestamp NOT NULL,
  origin      text      NOT NULL,
  destination text      NOT NULL,
  delay       integer,
  distance    integer   CHECK (distance > 0)
);
COMMENT ON TABLE flights IS 'one record a departure';
COMMENT ON COLUMN flights.delay IS 'minutes late at departure; negative is early';
COMMENT ON COLUMN flights.distance IS 'miles';
