-- @kind request
CREATE TABLE incoming (
  k1 decimal(6,2) NOT NULL,
  amount date
);
