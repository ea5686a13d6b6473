-- @event_time booked_at
CREATE TABLE bookings (
  id        bigint NOT NULL PRIMARY KEY,
  booked_at timestamp NOT NULL,
  slot      timestamptz NOT NULL
);
