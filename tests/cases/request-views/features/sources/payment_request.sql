-- @kind request
CREATE TABLE payment_request (card text NOT NULL, payee text, amount decimal(12,2));
