/** SQL that gives a code, and the same right. Over the sources and views of the features guide; compiled in tests. */
export interface CodeExample {
  readonly wrong: string;
  readonly right: string;
}

const source = (columns: string, tags = '-- @event_time paid_at\n'): string => `${tags}CREATE TABLE s (${columns});`;
const KEY = 'id bigint PRIMARY KEY';
const TIME = 'paid_at timestamp NOT NULL';
const grouped = (item: string, rest = ''): string => `SELECT card, ${item} AS x FROM payments ${rest}GROUP BY card`;
const filtered = (condition: string): string => grouped(`count(*) FILTER (WHERE ${condition})`);
const over = (item: string): string => `SELECT card, ${item} AS x FROM payments`;
const request = (join: string): string => `SELECT r.amount, a.payments_1h FROM payment_request r ${join}`;
const ORDER = 'ORDER BY paid_at, payment_id';
const BY_CARD = 'PARTITION BY card ORDER BY paid_at';

export const EXAMPLES: Readonly<Record<string, CodeExample>> = {
  FSC2001: { wrong: source(`${KEY}, ${TIME}`).replace('TABLE s', 'TABLE other'), right: source(`${KEY}, ${TIME}`) },
  FSC2002: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_tim paid_at\n'),
    right: source(`${KEY}, ${TIME}`),
  },
  FSC2003: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 1 hour\n-- @lateness 2 hours\n'),
    right: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 2 hours\n'),
  },
  FSC2004: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 1 month\n'),
    right: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 30 days\n'),
  },
  FSC2006: { wrong: source(`${KEY}, ${TIME}`, ''), right: source(`${KEY}, ${TIME}`) },
  FSC2007: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid\n'),
    right: source(`${KEY}, ${TIME}`),
  },
  FSC2008: { wrong: source(`${KEY}, paid_at date NOT NULL`), right: source(`${KEY}, ${TIME}`) },
  FSC2009: { wrong: source(`${KEY}, paid_at timestamp`), right: source(`${KEY}, ${TIME}`) },
  FSC2010: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 1 minute\n-- @max_ahead 2 minutes\n'),
    right: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @lateness 2 minutes\n-- @max_ahead 2 minutes\n'),
  },
  FSC2011: { wrong: source(TIME), right: source(TIME, '-- @event_time paid_at\n-- @key none\n') },
  FSC2012: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @key none\n'),
    right: source(`${KEY}, ${TIME}`),
  },
  FSC2013: {
    wrong: source('card text PRIMARY KEY', '-- @kind request\n'),
    right: source('card text', '-- @kind request\n'),
  },
  FSC2020: { wrong: source(`${KEY}, ${TIME}, n float`), right: source(`${KEY}, ${TIME}, n double precision`) },
  FSC2021: { wrong: source(`${KEY}, ${TIME}, n numeric`), right: source(`${KEY}, ${TIME}, n decimal(12,2)`) },
  FSC2022: { wrong: source(`${KEY}, ${TIME}, n decimal(40,2)`), right: source(`${KEY}, ${TIME}, n decimal(38,2)`) },
  FSC2023: { wrong: source(`${KEY}, ${TIME}, n interval`), right: source(`${KEY}, ${TIME}, seconds double precision`) },
  FSC2024: { wrong: source(`${KEY}, ${TIME}, n integer(4)`), right: source(`${KEY}, ${TIME}, n integer`) },
  FSC2025: { wrong: source(`${KEY}, ${TIME}, n integer, n text`), right: source(`${KEY}, ${TIME}, n integer, m text`) },
  FSC2026: {
    wrong: source(`${KEY}, ${TIME}, "Unit Price" integer`),
    right: source(`${KEY}, ${TIME}, unit_price integer`, '-- @event_time paid_at\n-- @from unit_price "Unit Price"\n'),
  },
  FSC2027: {
    wrong: source(`${KEY}, ${TIME}, "user" text`),
    right: source(`${KEY}, ${TIME}, user_ text`, '-- @event_time paid_at\n-- @from user_ user\n'),
  },
  FSC2028: { wrong: source(`${KEY}, ${TIME}, n integer UNIQUE`), right: source(`${KEY}, ${TIME}, n integer`) },
  FSC2029: {
    wrong: source(`${KEY}, ${TIME} CHECK (paid_at < now())`),
    right: source(`${KEY}, ${TIME} CHECK (paid_at < TIMESTAMP '2100-01-01')`),
  },
  FSC2030: {
    wrong: source(`${KEY}, ${TIME}, n integer DEFAULT 1 + 1`),
    right: source(`${KEY}, ${TIME}, n integer DEFAULT 2`),
  },
  FSC2031: {
    wrong: `${source(`${KEY}, ${TIME}`)} COMMENT ON COLUMN s.idd IS 'key';`,
    right: `${source(`${KEY}, ${TIME}`)} COMMENT ON COLUMN s.id IS 'key';`,
  },
  FSC2033: { wrong: source(`id real PRIMARY KEY, ${TIME}`), right: source(`id bigint PRIMARY KEY, ${TIME}`) },
  FSC2034: {
    wrong: source(`${KEY}, ${TIME}, n integer`, '-- @event_time paid_at\n-- @from n ms epoch_ms\n'),
    right: source(`${KEY}, ${TIME}, n integer`, '-- @event_time paid_at\n-- @from n ms\n'),
  },
  FSC2035: {
    wrong: source(`${KEY}, ${TIME}`, '-- @event_time paid_at\n-- @only paid_at < now()\n'),
    right: source(`${KEY}, ${TIME}`, "-- @event_time paid_at\n-- @only type = 'payment'\n"),
  },
  FSC3001: { wrong: grouped('sum(amout)'), right: grouped('sum(amount)') },
  FSC3002: { wrong: grouped('count(*)').replace('payments', 'payment'), right: grouped('count(*)') },
  FSC3003: {
    wrong: 'SELECT p.card, count(*) AS x FROM payments GROUP BY p.card',
    right: 'SELECT p.card, count(*) AS x FROM payments p GROUP BY p.card',
  },
  FSC3004: { wrong: grouped('sum(ifnull(fee, 0))'), right: grouped('sum(coalesce(fee, 0))') },
  FSC3005: {
    wrong: 'SELECT card FROM payment_request r JOIN card_activity_v1 a ON a.card = r.card',
    right: 'SELECT r.card FROM payment_request r JOIN card_activity_v1 a ON a.card = r.card',
  },
  FSC3006: {
    wrong: 'SELECT card, count(*) FROM payments GROUP BY card',
    right: 'SELECT card, count(*) AS payments_ever FROM payments GROUP BY card',
  },
  FSC3007: {
    wrong: 'SELECT card, min(fee) AS x, max(fee) AS x FROM payments GROUP BY card',
    right: 'SELECT card, min(fee) AS least, max(fee) AS most FROM payments GROUP BY card',
  },
  FSC3008: {
    wrong: 'SELECT card, count(*) AS amount FROM payments GROUP BY card',
    right: 'SELECT card, count(*) AS payments_ever FROM payments GROUP BY card',
  },
  FSC3009: {
    wrong: 'WITH a(c, f) AS (SELECT card FROM payments) SELECT c, count(*) AS x FROM a GROUP BY c',
    right: 'WITH a(c, f) AS (SELECT card, fee FROM payments) SELECT c, sum(f) AS x FROM a GROUP BY c',
  },
  FSC3010: {
    wrong: grouped('count(*) FILTER (WHERE approved) / count(*)'),
    right: grouped('count(*) FILTER (WHERE approved) * 1.0 / count(*)'),
  },
  FSC3012: { wrong: grouped('max(substr(merchant, 0, 3))'), right: grouped('max(substr(merchant, 1, 3))') },
  FSC3013: { wrong: filtered("merchant LIKE 'a\\_%'"), right: filtered("starts_with(merchant, 'a_')") },
  FSC3014: { wrong: grouped("max(date_trunc('decade', paid_at))"), right: grouped("max(date_trunc('year', paid_at))") },
  FSC3015: {
    wrong: grouped('max(extract(second FROM paid_at))'),
    right: grouped("max(extract(epoch FROM paid_at - date_trunc('minute', paid_at)))"),
  },
  FSC3101: { wrong: grouped('sum(merchant)'), right: grouped('count(merchant)') },
  FSC3102: { wrong: filtered("paid_at > '2024-02-30'"), right: filtered("paid_at > '2024-02-29'") },
  FSC3103: { wrong: filtered('amount'), right: filtered('amount > 100') },
  FSC3104: {
    wrong: grouped('max(CASE WHEN approved THEN amount ELSE merchant END)'),
    right: grouped('max(CASE WHEN approved THEN amount END)'),
  },
  FSC3105: { wrong: filtered("merchant ILIKE 'a%'"), right: filtered("lower(merchant) LIKE 'a%'") },
  FSC3106: { wrong: grouped('NULL'), right: grouped('CAST(NULL AS text)') },
  FSC3107: { wrong: grouped('sum(amount, fee)'), right: grouped('sum(amount)') },
  FSC3108: { wrong: grouped('now() - max(paid_at)'), right: grouped('extract(epoch FROM now() - max(paid_at))') },
  FSC3109: { wrong: grouped('max(CAST(merchant AS varchar(3)))'), right: grouped('max(substr(merchant, 1, 3))') },
  FSC3112: { wrong: grouped('random()'), right: grouped('count(*)') },
  FSC3201: { wrong: 'SELECT card, count(*) AS x FROM payments', right: grouped('count(*)') },
  FSC3202: { wrong: 'SELECT card, count(*) AS x FROM payments GROUP BY 1', right: grouped('count(*)') },
  FSC3203: { wrong: 'SELECT count(*) AS x FROM payments GROUP BY card', right: grouped('count(*)') },
  FSC3204: {
    wrong: 'SELECT card, card AS who, count(*) AS x FROM payments GROUP BY card',
    right: 'SELECT card AS who, count(*) AS x FROM payments GROUP BY card',
  },
  FSC3205: {
    wrong: 'SELECT merchant, count(*) AS x FROM payments GROUP BY merchant',
    right: 'SELECT merchant, count(*) AS x FROM payments WHERE merchant IS NOT NULL GROUP BY merchant',
  },
  FSC3206: {
    wrong: 'SELECT fee, count(*) AS x FROM payments WHERE fee IS NOT NULL GROUP BY fee',
    right:
      'SELECT CAST(fee AS bigint) AS fee_rounded, count(*) AS x FROM payments WHERE CAST(fee AS bigint) IS NOT NULL GROUP BY CAST(fee AS bigint)',
  },
  FSC3207: {
    wrong: grouped('merchant'),
    right: grouped('(array_agg(merchant ORDER BY paid_at DESC, payment_id DESC))[1]'),
  },
  FSC3208: { wrong: grouped('max(sum(amount))'), right: grouped('sum(amount)') },
  FSC3209: { wrong: grouped('count(*)', 'WHERE count(*) > 1 '), right: `${grouped('count(*)')} HAVING count(*) > 1` },
  FSC3210: { wrong: grouped('sum(DISTINCT amount)'), right: grouped('sum(amount)') },
  FSC3211: { wrong: grouped('sum(amount ORDER BY paid_at)'), right: grouped('sum(amount)') },
  FSC3212: {
    wrong: grouped('array_agg(amount)'),
    right: grouped('(array_agg(amount ORDER BY paid_at DESC, payment_id DESC))[1]'),
  },
  FSC3213: {
    wrong: grouped('(array_agg(amount ORDER BY paid_at DESC))[1]'),
    right: grouped('(array_agg(amount ORDER BY paid_at DESC, payment_id DESC))[1]'),
  },
  FSC3214: {
    wrong: grouped('extract(epoch FROM max(now() - paid_at))'),
    right: grouped('extract(epoch FROM now() - min(paid_at))'),
  },
  FSC3215: { wrong: 'SELECT card, count(*) AS x FROM payments GROUP BY ROLLUP (card)', right: grouped('count(*)') },
  FSC3216: {
    wrong: '-- @entity card\nSELECT card, amount FROM payments HAVING amount > 1',
    right: '-- @entity card\nSELECT card, amount FROM payments WHERE amount > 1',
  },
  FSC3301: { wrong: filtered('extract(hour FROM now()) > 8'), right: filtered('extract(hour FROM paid_at) > 8') },
  FSC3302: {
    wrong: filtered("paid_at > now() - INTERVAL '1 month'"),
    right: filtered("paid_at >= date_trunc('month', now()) - INTERVAL '1 month'"),
  },
  FSC3303: {
    wrong: filtered("paid_at > now() - INTERVAL '1 day' OR amount > 100"),
    right: filtered("paid_at > now() - INTERVAL '1 day' AND amount > 100"),
  },
  FSC3305: {
    wrong: filtered("date_trunc('day', paid_at) > now() - INTERVAL '7 days'"),
    right: filtered("paid_at >= date_trunc('day', now()) - INTERVAL '7 days'"),
  },
  FSC3306: { wrong: filtered('paid_at > now()'), right: filtered("paid_at > now() - INTERVAL '1 day'") },
  FSC3307: {
    wrong: filtered("date_trunc('day', paid_at) = date_trunc('day', now())"),
    right: filtered("paid_at >= date_trunc('day', now())"),
  },
  FSC3401: {
    wrong: over(`sum(amount) OVER (${BY_CARD}) + sum(amount) OVER (PARTITION BY merchant ORDER BY paid_at)`),
    right: over(`sum(amount) OVER (${BY_CARD})`),
  },
  FSC3402: { wrong: over('sum(amount) OVER (ORDER BY paid_at)'), right: over(`sum(amount) OVER (${BY_CARD})`) },
  FSC3403: {
    wrong: over('sum(amount) OVER (PARTITION BY card ORDER BY amount)'),
    right: over(`sum(amount) OVER (${BY_CARD})`),
  },
  FSC3404: { wrong: over(`sum(amount) OVER (${BY_CARD} DESC)`), right: over(`sum(amount) OVER (${BY_CARD})`) },
  FSC3405: {
    wrong: over(`row_number() OVER (${BY_CARD})`),
    right: over(`row_number() OVER (PARTITION BY card ${ORDER})`),
  },
  FSC3406: {
    wrong: over(`sum(amount) OVER (${BY_CARD} RANGE BETWEEN CURRENT ROW AND INTERVAL '1 day' FOLLOWING)`),
    right: over(`sum(amount) OVER (${BY_CARD} RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW)`),
  },
  FSC3407: {
    wrong: over(`count(*) OVER (PARTITION BY card ${ORDER} ROWS 3 PRECEDING EXCLUDE CURRENT ROW)`),
    right: over(`count(*) OVER (PARTITION BY card ${ORDER} ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)`),
  },
  FSC3408: {
    wrong: over(`count(*) OVER (${BY_CARD} GROUPS 3 PRECEDING)`),
    right: over(`count(*) OVER (PARTITION BY card ${ORDER} ROWS 3 PRECEDING)`),
  },
  FSC3409: {
    wrong: over(`count(*) OVER (${BY_CARD} RANGE INTERVAL '1 month' PRECEDING)`),
    right: over(`count(*) OVER (${BY_CARD} RANGE INTERVAL '30 days' PRECEDING)`),
  },
  FSC3410: { wrong: over('sum(amount) OVER w'), right: `${over('sum(amount) OVER w')} WINDOW w AS (${BY_CARD})` },
  FSC3411: {
    wrong: over(`rank() OVER (PARTITION BY card ${ORDER})`),
    right: over(`row_number() OVER (PARTITION BY card ${ORDER})`),
  },
  FSC3412: {
    wrong: over(`count(DISTINCT merchant) OVER (${BY_CARD})`),
    right: grouped("count(DISTINCT merchant) FILTER (WHERE paid_at > now() - INTERVAL '7 days')"),
  },
  FSC3413: { wrong: grouped(`sum(amount) OVER (${BY_CARD})`), right: over(`sum(amount) OVER (${BY_CARD})`) },
  FSC3414: {
    wrong: `SELECT sum(amount) OVER (${BY_CARD}) AS x FROM payments`,
    right: over(`sum(amount) OVER (${BY_CARD})`),
  },
  FSC3415: {
    wrong: over(`count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 day') OVER (${BY_CARD})`),
    right: over(`count(*) OVER (${BY_CARD} RANGE INTERVAL '1 day' PRECEDING)`),
  },
  FSC3416: {
    wrong: over(`lag(amount, -1) OVER (PARTITION BY card ${ORDER})`),
    right: over(`lag(amount, 1) OVER (PARTITION BY card ${ORDER})`),
  },
  FSC3417: {
    wrong: over(`lag(amount) FILTER (WHERE approved) OVER (PARTITION BY card ${ORDER})`),
    right: `${over(`lag(amount) OVER (PARTITION BY card ${ORDER})`)} WHERE approved`,
  },
  FSC3418: {
    wrong: `${over('sum(amount) OVER (w PARTITION BY merchant)')} WINDOW w AS (${BY_CARD})`,
    right: `${over("sum(amount) OVER (w RANGE INTERVAL '1 day' PRECEDING)")} WINDOW w AS (${BY_CARD})`,
  },
  FSC3419: { wrong: 'SELECT card, amount FROM payments', right: '-- @entity card\nSELECT card, amount FROM payments' },
  FSC3420: {
    wrong: '-- @entity crad\nSELECT card, amount FROM payments',
    right: '-- @entity card\nSELECT card, amount FROM payments',
  },
  FSC3421: {
    wrong: over(`sum(amount) OVER (PARTITION BY card ${ORDER} ROWS BETWEEN 1 PRECEDING AND 3 PRECEDING)`),
    right: over(`sum(amount) OVER (PARTITION BY card ${ORDER} ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)`),
  },
  FSC3422: {
    wrong: over(`first_value(merchant) OVER (${BY_CARD})`),
    right: over(`first_value(merchant) OVER (PARTITION BY card ${ORDER})`),
  },
  FSC3423: {
    wrong: `${over('sum(amount) OVER w')} WINDOW w AS (${BY_CARD}), w AS (${BY_CARD}, payment_id)`,
    right: `${over('sum(amount) OVER w')} WINDOW w AS (${BY_CARD}), v AS (${BY_CARD}, payment_id)`,
  },
  FSC3424: {
    wrong: over('lag(amount)').replace('SELECT', '-- @entity card\nSELECT'),
    right: over(`lag(amount) OVER (PARTITION BY card ${ORDER})`),
  },
  FSC3425: {
    wrong: `${over('sum(amount) OVER (v ROWS 3 PRECEDING)')} WINDOW w AS (PARTITION BY card), v AS (w ${ORDER})`,
    right: `${over(`sum(amount) OVER (w ${ORDER} ROWS 3 PRECEDING)`)} WINDOW w AS (PARTITION BY card)`,
  },
  FSC4003: { wrong: `${grouped('count(*)')} ORDER BY x`, right: grouped('count(*)') },
  FSC4004: { wrong: `${grouped('count(*)')} LIMIT 10`, right: grouped('count(*)') },
  FSC4005: {
    wrong: '-- @entity card\nSELECT DISTINCT card, merchant FROM payments',
    right: '-- @entity card\nSELECT card, merchant FROM payments',
  },
  FSC4006: { wrong: 'SELECT 1 AS x', right: grouped('count(*)') },
  FSC4008: {
    wrong: 'WITH RECURSIVE a AS (SELECT card FROM payments) SELECT card, count(*) AS x FROM a GROUP BY card',
    right: 'WITH a AS (SELECT card FROM payments) SELECT card, count(*) AS x FROM a GROUP BY card',
  },
  FSC4009: {
    wrong: 'SELECT card, max(c) AS x FROM (SELECT card, count(*) AS c FROM payments GROUP BY card) q GROUP BY card',
    right: 'SELECT card, max(c) AS x FROM (SELECT card, amount AS c FROM payments WHERE approved) q GROUP BY card',
  },
  FSC4010: { wrong: grouped('count(*)').replace('payments', 'public.payments'), right: grouped('count(*)') },
  FSC4013: { wrong: 'SELECT * FROM payments GROUP BY card', right: grouped('count(*)') },
  FSC4014: {
    wrong:
      'WITH a AS (SELECT card FROM payments), a AS (SELECT card FROM payments) SELECT card, count(*) AS x FROM a GROUP BY card',
    right:
      'WITH a AS (SELECT card FROM payments), b AS (SELECT card FROM a) SELECT card, count(*) AS x FROM b GROUP BY card',
  },
  FSC4101: {
    wrong: request('FULL JOIN card_activity_v1 a ON a.card = r.card'),
    right: request('LEFT JOIN card_activity_v1 a ON a.card = r.card'),
  },
  FSC4102: {
    wrong: request('LEFT JOIN payments a ON a.card = r.card').replace('a.payments_1h', 'a.fee'),
    right: request('LEFT JOIN card_activity_v1 a ON a.card = r.card'),
  },
  FSC4103: {
    wrong: 'SELECT r.amount, m.payments_7d FROM payment_request r LEFT JOIN card_merchant_v1 m ON m.card = r.card',
    right:
      'SELECT r.amount, m.payments_7d FROM payment_request r LEFT JOIN card_merchant_v1 m ON m.card = r.card AND m.shop = r.merchant',
  },
  FSC4104: {
    wrong: request('LEFT JOIN card_activity_v1 a ON a.card = r.card AND a.payments_1h > 1'),
    right: `${request('LEFT JOIN card_activity_v1 a ON a.card = r.card')} WHERE a.payments_1h > 1`,
  },
  FSC4105: {
    wrong: request('LEFT JOIN card_activity_v1 a ON a.card = r.amount'),
    right: request('LEFT JOIN card_activity_v1 a ON a.card = CAST(r.amount AS text)'),
  },
  FSC4106: {
    wrong: request('LEFT JOIN card_activity_v1 a ON a.card = r.card LEFT JOIN card_profile_v1 a ON a.card = r.card'),
    right: request('LEFT JOIN card_activity_v1 a ON a.card = r.card LEFT JOIN card_profile_v1 p ON p.card = r.card'),
  },
  FSC4107: { wrong: 'SELECT max(amount) AS x FROM payment_request', right: 'SELECT amount AS x FROM payment_request' },
  FSC4108: {
    wrong: request('LEFT JOIN card_activity_v1 a USING (card)'),
    right: request('LEFT JOIN card_activity_v1 a ON a.card = r.card'),
  },
  FSC4109: {
    wrong: 'SELECT r.amount, p.times_the_mean FROM payment_request r LEFT JOIN payment_risk_v1 p ON p.card = r.card',
    right:
      'SELECT r.amount, r.amount / p.mean_amount AS times_the_mean FROM payment_request r LEFT JOIN card_profile_v1 p ON p.card = r.card',
  },
  FSC5001: {
    wrong: grouped('count(DISTINCT merchant)'),
    right: grouped("count(DISTINCT merchant) FILTER (WHERE paid_at > now() - INTERVAL '30 days')"),
  },
  FSC5002: { wrong: grouped('avg(amount) > 100'), right: grouped('sum(amount) > 100') },
};
