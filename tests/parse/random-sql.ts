/** Random SQL text of fsc's language. No parentheses are put where precedence could do, so that precedence is what is tested. */
import fc from 'fast-check';

const pick = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

const atom = fc.oneof(
  pick('a', 'b', 't.c', 'qty', '"A b"', 'value', 'now()', 'current_timestamp'),
  pick('0', '1', '42', '1.50', '.5', '1e3', '2147483648', '99999999999999999999.5'),
  pick("''", "'x'", "'it''s'", "'a\\nb'", "'\u2028'", 'TRUE', 'false', 'NULL'),
  pick(
    "INTERVAL '7 days'",
    "INTERVAL '1' DAY",
    "TIMESTAMP '2001-01-01'",
    "DATE '2001-01-01'",
    "timestamptz '2001-01-01 00:00Z'",
  ),
);

const arithmetic = pick(' + ', ' - ', ' * ', ' / ', ' % ', ' || ', '+', '-', '*', '/', '||', ' -\n');
const comparison = pick(' = ', ' <> ', ' != ', ' < ', ' <= ', ' > ', ' >= ', '=', '<', '>=');
const connective = pick(' AND ', ' OR ', ' and\t', ' or -- x\n', ' /* c */ AND ');
const wordy = pick(' IS DISTINCT FROM ', ' IS NOT DISTINCT FROM ', ' LIKE ', ' NOT LIKE ');

const suffix = pick(
  ' IS NULL',
  ' IS NOT NULL',
  ' IS TRUE',
  ' IS NOT FALSE',
  '::bigint',
  '::decimal(12, 2)',
  '::double precision',
  ' ISNULL',
);

const typeName = pick(
  'bigint',
  'integer',
  'smallint',
  'decimal(12,2)',
  'numeric(38, 0)',
  'double precision',
  'real',
  'boolean',
  'text',
  'varchar(3)',
  'timestamp',
  'timestamptz',
  'date',
  'timestamp with time zone',
);

const frame = fc.oneof(
  pick(
    "RANGE BETWEEN INTERVAL '7 days' PRECEDING AND CURRENT ROW",
    "RANGE INTERVAL '1 hour' PRECEDING",
    'RANGE UNBOUNDED PRECEDING',
  ),
  pick(
    'ROWS 10 PRECEDING',
    'ROWS BETWEEN 10 PRECEDING AND 1 PRECEDING',
    'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
  ),
  pick(
    "RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL '1' DAY PRECEDING EXCLUDE CURRENT ROW",
    'GROUPS BETWEEN 1 PRECEDING AND 2 FOLLOWING EXCLUDE TIES',
    'ROWS BETWEEN CURRENT ROW AND 5 + 5 FOLLOWING',
  ),
);

interface Texts {
  expr: string;
  operand: string;
  chain: string;
  call: string;
  order: string;
  window: string;
  query: string;
}

/** Operators side by side, and how many of them at most. */
interface Chains {
  readonly operator: fc.Arbitrary<string>;
  readonly most: number;
}

/** Any operator beside any other: comparisons do not chain, so many of these are refused. */
export const sql = texts({ operator: fc.oneof(arithmetic, comparison, connective, wordy), most: 4 });

/** Whole statements have many expressions, all of which have to be right for the statement to be. */
export const tame = texts({
  operator: fc.oneof(
    { arbitrary: arithmetic, weight: 6 },
    { arbitrary: connective, weight: 6 },
    { arbitrary: comparison, weight: 1 },
    { arbitrary: wordy, weight: 1 },
  ),
  most: 2,
});

function texts({ operator, most }: Chains) {
  return fc.letrec<Texts>((tie: fc.LetrecTypedTie<Texts>) => {
    const expr = tie('expr');
    const list = (max: number): fc.Arbitrary<string> =>
      fc.array(expr, { minLength: 1, maxLength: max }).map((items) => items.join(', '));
    const filter = expr.map((condition) => ` FILTER (WHERE ${condition})`);
    const over = fc.oneof(
      fc.constant(' OVER w'),
      tie('window').map((window) => ` OVER (${window})`),
    );
    const maybe = (text: fc.Arbitrary<string>): fc.Arbitrary<string | null> => fc.option(text, { nil: null });
    return {
      expr: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        { arbitrary: atom, weight: 1 },
        tie('chain'),
        tie('operand'),
      ),
      chain: fc
        .tuple(tie('operand'), fc.array(fc.tuple(operator, tie('operand')), { minLength: 1, maxLength: most }))
        .map(([first, rest]) => first + rest.map(([operator, operand]) => operator + operand).join('')),
      operand: fc.oneof(
        { depthSize: 'small' },
        { arbitrary: atom, weight: 6 },
        expr.map((inner) => `(${inner})`),
        fc.tuple(pick('NOT ', '-', '- ', '+', 'not '), tie('operand')).map(([sign, operand]) => sign + operand),
        fc.tuple(tie('operand'), suffix).map(([operand, end]) => operand + end),
        fc
          .tuple(tie('operand'), pick(' BETWEEN ', ' NOT BETWEEN '), tie('operand'), tie('operand'))
          .map(([a, word, b, c]) => `${a}${word}${b} AND ${c}`),
        fc.tuple(tie('operand'), pick(' IN (', ' NOT IN ('), list(3)).map(([a, word, items]) => `${a}${word}${items})`),
        fc.tuple(expr, expr, expr).map(([a, b, c]) => `CASE WHEN ${a} THEN ${b} ELSE ${c} END`),
        fc.tuple(expr, expr, expr).map(([a, b, c]) => `CASE ${a} WHEN ${b} THEN ${c} END`),
        fc.tuple(expr, typeName).map(([a, type]) => `CAST(${a} AS ${type})`),
        fc.tuple(pick('epoch', 'hour', "'dow'"), expr).map(([part, a]) => `extract(${part} FROM ${a})`),
        tie('call'),
      ),
      call: fc.oneof(
        fc
          .tuple(pick('coalesce', 'GREATEST', 'lower', 'date_trunc', 'abs'), list(3))
          .map(([name, args]) => `${name}(${args})`),
        fc.tuple(expr, expr).map(([a, b]) => `NULLIF(${a}, ${b})`),
        fc
          .tuple(
            pick('sum', 'avg', 'stddev_samp', 'bool_or', 'var_pop'),
            expr,
            fc.option(filter, { nil: '' }),
            fc.option(over, { nil: '' }),
          )
          .map(([name, a, f, o]) => `${name}(${a})${f}${o}`),
        fc.tuple(fc.option(filter, { nil: '' }), fc.option(over, { nil: '' })).map(([f, o]) => `count(*)${f}${o}`),
        fc.tuple(expr, fc.option(filter, { nil: '' })).map(([a, f]) => `count(DISTINCT ${a})${f}`),
        fc
          .tuple(expr, tie('order'), fc.option(filter, { nil: '' }))
          .map(([a, order, f]) => `(array_agg(${a} ORDER BY ${order})${f})[1]`),
        fc
          .tuple(pick('lag(a, 1)', 'row_number()', 'first_value(a)'), tie('window'))
          .map(([call, window]) => `${call} OVER (${window})`),
      ),
      order: fc
        .array(fc.tuple(expr, pick('', ' ASC', ' DESC'), pick('', ' NULLS FIRST', ' NULLS LAST')), {
          minLength: 1,
          maxLength: 2,
        })
        .map((items) => items.map((item) => item.join('')).join(', ')),
      window: fc
        .tuple(pick('', 'w '), maybe(list(2)), maybe(tie('order')), fc.option(frame, { nil: '' }))
        .map(
          ([base, keys, order, bounds]) =>
            `${base}${keys === null ? '' : `PARTITION BY ${keys} `}${order === null ? '' : `ORDER BY ${order} `}${bounds}`,
        ),
      query: fc
        .record({
          items: fc.array(fc.tuple(expr, pick('', ' AS f', ' AS "F g"', ' AS end')), { minLength: 1, maxLength: 3 }),
          cte: fc.option(fc.constant('WITH c AS (SELECT a, b FROM t), d(x) AS NOT MATERIALIZED (SELECT 1) '), {
            nil: '',
          }),
          joins: fc.array(
            fc.oneof(
              expr.map((on) => ` LEFT JOIN airport_v1 AS j ON ${on}`),
              fc.constant(' JOIN s.k USING (a, b)'),
              fc.constant(' LEFT JOIN LATERAL (SELECT x FROM y ORDER BY x DESC LIMIT 1) l ON true'),
              fc.constant(' CROSS JOIN z'),
            ),
            { maxLength: 2 },
          ),
          where: maybe(expr),
          group: maybe(list(2)),
          having: maybe(expr),
          window: maybe(tie('window')),
          order: maybe(tie('order')),
        })
        .map((query) => {
          const items = query.items.map((item) => item.join('')).join(', ');
          const clause = (word: string, text: string | null): string => (text === null ? '' : ` ${word} ${text}`);
          const named = query.window === null ? '' : ` WINDOW w AS (${query.window.replace(/^w /, '')})`;
          return `${query.cte}SELECT ${items} FROM t${query.joins.join('')}${clause('WHERE', query.where)}${clause('GROUP BY', query.group)}${clause('HAVING', query.having)}${named}${clause('ORDER BY', query.order)}`;
        }),
    };
  });
}
