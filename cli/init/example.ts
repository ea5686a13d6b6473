/** The example of `fsc init`: a source, a view, its test, a few records and labels. */

const SOURCE = `-- Card payments, one record each, in the order in which they arrived.
-- @event_time paid_at
-- @lateness   10 minutes      how far behind the newest payment one may still arrive
CREATE TABLE payments (
  payment_id bigint        NOT NULL PRIMARY KEY,   -- with paid_at: what a redelivered record is known by
  paid_at    timestamp     NOT NULL,
  card       text          NOT NULL,
  merchant   text          NOT NULL,
  amount     decimal(12,2) NOT NULL CHECK (amount > 0)
);
COMMENT ON COLUMN payments.amount IS 'euros';
`;

const VIEW = `-- How a card was used lately.
-- @owner payments
SELECT
  card,
  count(*)                 FILTER (WHERE paid_at > now() - INTERVAL '1 hour') AS payments_1h,
  sum(amount)              FILTER (WHERE paid_at > now() - INTERVAL '1 day')  AS spent_1d,
  max(amount)              FILTER (WHERE paid_at > now() - INTERVAL '1 day')  AS largest_1d,
  avg(amount)                                                                 AS mean_7d,
  count(DISTINCT merchant)                                                    AS merchants_7d
FROM payments
WHERE paid_at > now() - INTERVAL '7 days'
GROUP BY card;
COMMENT ON COLUMN card_activity_v1.spent_1d IS 'euros';
`;

const TESTS = `- name: an hour is open at its old end
  view: card_activity_v1
  given:
    payments:
      - { payment_id: 1, paid_at: 2025-03-01 09:00, card: jade, merchant: bakery, amount: 4.20 }
      - { payment_id: 2, paid_at: 2025-03-01 09:30, card: jade, merchant: grocer, amount: 31.05 }
  expect:
    - as_of: 2025-03-01 09:59:59
      rows:
        - { card: jade, payments_1h: 2, spent_1d: 35.25, largest_1d: 31.05, merchants_7d: 2 }
    - as_of: 2025-03-01 10:00
      rows:
        - { card: jade, payments_1h: 1, spent_1d: 35.25, largest_1d: 31.05, merchants_7d: 2 }

- name: a card that is quiet for a week has no row
  view: card_activity_v1
  given:
    payments:
      - { payment_id: 1, paid_at: 2025-03-01 09:00, card: jade, merchant: bakery, amount: 4.20 }
  expect:
    - as_of: 2025-03-08 08:59
      rows:
        - { card: jade, payments_1h: 0, spent_1d: null, mean_7d: 4.2, merchants_7d: 1 }
    - as_of: 2025-03-08 09:00
      rows: []
`;

/** As they arrived: 1009 came twice, 1012 was on the way for hours, 1018 breaks the CHECK. */
const PAYMENTS = `
1001 2025-03-01T08:12:00Z jade  bakery    4.20
1002 2025-03-01T08:40:00Z coral bakery    2.80
1003 2025-03-01T09:05:00Z amber fuel     61.37
1004 2025-03-01T12:31:00Z jade  grocer   31.05
1005 2025-03-01T12:33:00Z onyx  grocer   18.90
1006 2025-03-01T17:58:00Z coral cinema   24.00
1007 2025-03-01T18:03:00Z coral cinema    9.50
1008 2025-03-02T10:15:00Z amber grocer   87.12
1009 2025-03-02T10:44:00Z jade  bakery    3.60
1009 2025-03-02T10:44:00Z jade  bakery    3.60
1010 2025-03-02T13:20:00Z onyx  books    42.00
1011 2025-03-02T19:47:00Z coral dinner   58.40
1012 2025-03-02T14:02:00Z amber parking   6.00
1013 2025-03-03T08:05:00Z jade  bakery    4.20
1014 2025-03-03T08:09:00Z coral bakery    2.80
1015 2025-03-03T11:30:00Z onyx  shoes   119.95
1016 2025-03-03T11:42:00Z onyx  shoes    89.95
1017 2025-03-03T11:51:00Z onyx  jewels  740.00
1018 2025-03-03T11:58:00Z onyx  jewels -740.00
1019 2025-03-03T12:04:00Z onyx  jewels  990.00
1020 2025-03-03T18:26:00Z amber fuel     58.02
1021 2025-03-04T08:10:00Z jade  bakery    4.20
1022 2025-03-04T08:41:00Z coral bakery    3.10
1023 2025-03-04T09:12:00Z amber grocer   35.49
1024 2025-03-04T09:30:00Z jade  fuel     49.80
`;

const LABELS = `card,as_of,is_fraud
jade,2025-03-01T12:00:00Z,false
coral,2025-03-01T18:05:00Z,false
onyx,2025-03-03T11:45:00Z,false
onyx,2025-03-03T11:55:00Z,true
onyx,2025-03-03T12:10:00Z,true
amber,2025-03-03T20:00:00Z,false
`;

const CONFIG = `{
  "$schema": "https://unpkg.com/fsc/schemas/fsc.schema.json",
  "sources": {
    "payments": { "history": "data/payments.jsonl" }
  },
  "online": "lmdb",
  "clock": "events"
}
`;

/** Path in the project → text. */
export function exampleFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['fsc.json', CONFIG],
    ['features/sources/payments.sql', SOURCE],
    ['features/card_activity/v1.sql', VIEW],
    ['features/card_activity/tests/card_activity.yaml', TESTS],
    ['data/payments.jsonl', jsonLines(PAYMENTS)],
    ['data/labels.csv', LABELS],
  ]);
}

function jsonLines(table: string): string {
  const lines = table.trim().split('\n');
  return lines
    .map((line) => {
      const [id, paidAt, card, merchant, amount] = line.split(/ +/);
      return `{"payment_id":${id},"paid_at":"${paidAt}","card":"${card}","merchant":"${merchant}","amount":${amount}}\n`;
    })
    .join('');
}

export const EXAMPLE_NEXT: readonly (readonly [string, string])[] = [
  ['fsc check', 'parse, bind, plan'],
  ['fsc test', 'the tests beside the view, in every machine'],
  ['fsc run --mode stream', 'data/payments.jsonl into online rows'],
  ['fsc get card_activity_v1 card=jade', 'one online row'],
  ['fsc quarantine', 'the record that breaks a rule, and the late one'],
  ['fsc dataset --labels data/labels.csv --view card_activity_v1 --out train.parquet', 'a training set'],
  [
    'fsc query "SELECT card, count(*) AS payments, sum(amount) AS spent FROM payments GROUP BY card"',
    'anything, in DuckDB',
  ],
  ['fsc verify --as-of now', 'online against batch'],
];
