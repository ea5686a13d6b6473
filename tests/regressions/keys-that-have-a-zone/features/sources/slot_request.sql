-- @kind request
CREATE TABLE slot_request (slot timestamptz NOT NULL, other timestamp);
