-- @kind request
CREATE TABLE asked (card text NOT NULL, place integer);
