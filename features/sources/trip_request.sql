-- What a caller knows when it asks about a trip.
-- @kind request
CREATE TABLE trip_request (
  origin      text NOT NULL,
  destination text NOT NULL,
  bags        integer DEFAULT 0
);
