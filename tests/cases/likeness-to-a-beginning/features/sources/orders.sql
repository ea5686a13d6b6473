-- @event_time ordered_at
CREATE TABLE orders (
  id         bigint NOT NULL PRIMARY KEY,
  ordered_at timestamp NOT NULL,
  guest      text NOT NULL,
  dish       text
);
