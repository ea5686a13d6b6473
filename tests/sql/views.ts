/** One plan for each shape and window form, with the SQL text that it stands for. */
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { MICROS_PER_DAY as DAY, MICROS_PER_HOUR as HOUR } from '../../runtime/values/types.ts';
import {
  aggregate,
  aggregateView,
  bound,
  call,
  column,
  constant,
  framed,
  keyOutput,
  last,
  output,
  requestView,
  rowsView,
  slotOutput,
  source,
  T,
  WHOLE,
} from './plans.ts';

export const PAYMENTS = source(
  'payments',
  { id: T.bigint, at_time: T.timestamp, card: T.text, 'odd "name"': T.integer, amount: T.money, seen: T.timestamptz },
  'at_time',
  ['id'],
);
export const REQUEST = source('payment_request', { card: T.text, amount: T.money }, null, []);

const card = column(PAYMENTS, 'card');
const amount = column(PAYMENTS, 'amount');
const odd = column(PAYMENTS, 'odd "name"');
const sum = { kind: 'decimal', precision: 38, scale: 2 } as const;
const oddIsBig = call('gt', T.boolean, odd, constant(2, T.integer));

export const WINDOWS = aggregateView({
  name: 'windows_v1',
  source: PAYMENTS,
  entity: { card },
  text: `SELECT card,
  count(*) FILTER (WHERE at_time > now() - INTERVAL '1 hour') AS open,
  count(*) FILTER (WHERE at_time >= now() - INTERVAL '1 hour') AS closed,
  sum(amount) FILTER (WHERE at_time > now() - INTERVAL '2 days' AND at_time <= now() - INTERVAL '1 day') AS lagged,
  sum(amount) AS whole, -- now() in a comment, and a 'quote
  count(DISTINCT "odd ""name""") FILTER (WHERE at_time > now() - INTERVAL '1 day' AND "odd ""name""" > 2) AS kinds
FROM payments GROUP BY card;`,
  slots: [
    aggregate('count_star', null, T.bigint, last(HOUR)),
    aggregate('count_star', null, T.bigint, last(HOUR, true)),
    aggregate('sum', amount, sum, { lower: [bound(-2 * DAY)], upper: [bound(-DAY, { inclusive: true })] }),
    aggregate('sum', amount, sum, WHOLE),
    aggregate('count', odd, T.bigint, last(DAY), { distinct: true, filter: oddIsBig }),
  ],
  outputs: [
    keyOutput('card', 0, T.text),
    slotOutput('open', 0, T.bigint),
    slotOutput('closed', 1, T.bigint),
    slotOutput('lagged', 2, sum),
    slotOutput('whole', 3, sum),
    slotOutput('kinds', 4, T.bigint),
  ],
});

export const CALENDAR = aggregateView({
  name: 'calendar_v1',
  source: PAYMENTS,
  entity: { card },
  text: `SELECT card, count(*) AS n,
  (array_agg(amount ORDER BY at_time DESC, id DESC))[1] AS newest,
  max(seen) FILTER (WHERE at_time >= date_trunc('month', now()) - INTERVAL '1 month' AND at_time < date_trunc('day', now())) AS seen,
  count(*) FILTER (WHERE at_time >= date_trunc('day', now())) AS today
FROM payments WHERE at_time > now() - INTERVAL '40 days' AND "odd ""name""" > 2 GROUP BY card HAVING count(*) > 1`,
  where: oddIsBig,
  whereWindow: last(40 * DAY),
  having: call(
    'gt',
    T.boolean,
    { kind: 'slot', slot: 0, type: T.bigint, span: { start: 0, end: 0 } },
    constant(1, T.bigint),
  ),
  slots: [
    aggregate('count_star', null, T.bigint, WHOLE),
    aggregate('latest', amount, T.money, WHOLE),
    aggregate('max', column(PAYMENTS, 'seen'), T.timestamptz, {
      lower: [bound(0, { trunc: 'month', offsetMonths: -1, inclusive: true })],
      upper: [bound(0, { trunc: 'day' })],
    }),
    aggregate('count_star', null, T.bigint, { lower: [bound(0, { trunc: 'day', inclusive: true })], upper: [] }),
  ],
  outputs: [
    keyOutput('card', 0, T.text),
    slotOutput('n', 0, T.bigint),
    slotOutput('newest', 1, T.money),
    slotOutput('seen', 2, T.timestamptz),
    slotOutput('today', 3, T.bigint),
  ],
});

const rowSlots = [
  framed('sum', amount, sum, { mode: 'range', startMicros: DAY, endMicros: 0 }),
  framed('count_star', null, T.bigint, { mode: 'range', startMicros: null, endMicros: HOUR }),
  framed('sum', amount, sum, { mode: 'rows', start: 2, end: 1 }),
  { kind: 'lag', expr: amount, offset: 1, otherwise: constant(0, T.money), type: T.money },
  { kind: 'rowNumber', type: T.bigint },
  { kind: 'rowValue', expr: amount, type: T.money },
  { kind: 'frameValue', which: 'first', expr: odd, frame: { mode: 'rows', start: 3, end: 0 }, type: T.integer },
] as const;

const rowText = `SELECT card,
  sum(amount) OVER (PARTITION BY card ORDER BY at_time RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) AS day,
  count(*) OVER (PARTITION BY card ORDER BY at_time RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '1 hour' PRECEDING) AS before,
  sum(amount) OVER (w ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS two,
  lag(amount, 1, 0.00) OVER w AS previous,
  row_number() OVER w AS nth,
  amount,
  first_value("odd ""name""") OVER (w ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS first
FROM payments`;
const rowEnd = ' WINDOW w AS (PARTITION BY card ORDER BY at_time, id)';
const rowOutputs = [
  keyOutput('card', 0, T.text),
  slotOutput('day', 0, sum),
  slotOutput('before', 1, T.bigint),
  slotOutput('two', 2, sum),
  slotOutput('previous', 3, T.money),
  slotOutput('nth', 4, T.bigint),
  slotOutput('amount', 5, T.money),
  slotOutput('first', 6, T.integer),
];

export const ROWS = rowsView({
  name: 'rows_v1',
  source: PAYMENTS,
  entity: { card },
  text: rowText + rowEnd,
  slots: rowSlots,
  outputs: rowOutputs,
});

export const RECENT_ROWS = rowsView({
  name: 'recent_v1',
  source: PAYMENTS,
  entity: { card },
  text: `${rowText} WHERE at_time > now() - INTERVAL '3 days'${rowEnd}`,
  whereWindow: last(3 * DAY),
  slots: rowSlots,
  outputs: rowOutputs,
});

const SPAN = { start: 0, end: 0 };
const requestCard = { kind: 'request', column: 0, name: 'card', type: T.text, span: SPAN } as const;

export const REQUESTED = requestView({
  name: 'requested_v1',
  text: `SELECT r.card, r.amount, coalesce(w.open, 0) AS open, c.seen AS seen, l.nth AS nth
FROM payment_request r
LEFT JOIN windows_v1 w ON w.card = r.card
LEFT JOIN calendar_v1 c ON c.card = r.card
JOIN rows_v1 l ON l.card = r.card`,
  request: REQUEST,
  joins: [
    { view: WINDOWS, inner: false, keys: [requestCard] },
    { view: CALENDAR, inner: false, keys: [requestCard] },
    { view: ROWS, inner: true, keys: [requestCard] },
  ],
  outputs: [
    output('card', requestCard),
    output('amount', { kind: 'request', column: 1, name: 'amount', type: T.money, span: SPAN }),
    output('open', {
      kind: 'coalesce',
      type: T.bigint,
      args: [{ kind: 'feature', join: 0, ordinal: 1, type: T.bigint, span: SPAN }, constant(0, T.bigint)],
      span: SPAN,
    }),
    output('seen', { kind: 'feature', join: 1, ordinal: 3, type: T.timestamptz, span: SPAN }),
    output('nth', { kind: 'feature', join: 2, ordinal: 5, type: T.bigint, span: SPAN }),
  ],
});

export const LOG_VIEWS: readonly ViewPlan[] = [WINDOWS, CALENDAR, ROWS, RECENT_ROWS];
export const ALL_VIEWS: readonly ViewPlan[] = [...LOG_VIEWS, REQUESTED];
