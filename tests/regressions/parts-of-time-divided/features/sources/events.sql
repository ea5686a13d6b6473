-- @event_time happened_at
CREATE TABLE events (id bigint NOT NULL PRIMARY KEY, happened_at timestamp NOT NULL, who text NOT NULL);
