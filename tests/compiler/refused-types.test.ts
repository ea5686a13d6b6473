import { describe, expect, it } from 'vitest';
import { compileView } from './project.ts';

const A = (item: string): string => `SELECT usr, ${item} AS x FROM events GROUP BY usr`;
const told = (item: string): readonly string[] =>
  compileView(A(item)).diagnostics.map(({ code, message, cause, help }) =>
    [code, message, cause, ...help.map(({ text }) => text)].join('; '),
  );

const NUMBERS = 'it takes numbers in both databases';
const SECONDS = 'take the argument in seconds: `extract(epoch FROM x)`';
const CAST_NUMBER = 'cast the argument to a number';
const INTERVAL = 'an interval moves an instant or a date; its length as a number is `extract(epoch FROM x)`';
const ORDERED = 'it takes numbers, text and times in both databases';
const REAL = [
  'DuckDB computes it in single, Postgres in double precision',
  'cast the column: `CAST(x AS double precision)`',
].join('; ');
const DIGITS = [
  'needs more than 38 digits; DuckDB drops digits after the point there, Postgres keeps them',
  'cast one of them to a decimal with fewer digits',
].join('; ');
const LONG = ['CAST(n AS decimal(38,0))', 'CAST(n AS decimal(38,38))'] as const;

/** What is refused, what is said of it, and what its help leads to. */
const CASES: readonly (readonly [refused: string, told: string, mended: string])[] = [
  [
    'sum(ok)',
    `\`sum\` does not take boolean; ${NUMBERS}; count them: \`count(*) FILTER (WHERE x)\``,
    'count(*) FILTER (WHERE ok)',
  ],
  [
    'avg(ok)',
    `\`avg\` does not take boolean; ${NUMBERS}; cast the argument: \`CAST(x AS integer)\``,
    'avg(CAST(ok AS integer))',
  ],
  [
    'var_pop(ok)',
    `\`var_pop\` does not take boolean; ${NUMBERS}; cast the argument: \`CAST(x AS integer)\``,
    'var_pop(CAST(ok AS integer))',
  ],
  ['sum(plan)', `\`sum\` does not take text; ${NUMBERS}; ${CAST_NUMBER}`, 'sum(CAST(plan AS integer))'],
  [
    'stddev_pop(plan)',
    `\`stddev_pop\` does not take text; ${NUMBERS}; ${CAST_NUMBER}`,
    'stddev_pop(CAST(plan AS decimal(9,2)))',
  ],
  ['avg(ts)', `\`avg\` does not take timestamp; ${NUMBERS}; ${SECONDS}`, 'avg(extract(epoch FROM ts))'],
  [
    'sum(ts - due_at)',
    `\`sum\` does not take interval; ${NUMBERS}; ${SECONDS}`,
    'sum(extract(epoch FROM ts - due_at))',
  ],
  [
    'var_samp(ts - due_at)',
    `\`var_samp\` does not take interval; ${NUMBERS}; ${SECONDS}`,
    'var_samp(extract(epoch FROM ts - due_at))',
  ],
  ['min(ok)', `\`min\` does not take boolean; ${ORDERED}; write \`bool_and(x)\``, 'bool_and(ok)'],
  ['max(ok)', `\`max\` does not take boolean; ${ORDERED}; write \`bool_or(x)\``, 'bool_or(ok)'],
  [
    'max(ts - due_at)',
    `\`max\` does not take interval; ${ORDERED}; take an interval’s length: \`extract(epoch FROM x)\``,
    'max(extract(epoch FROM ts - due_at))',
  ],
  [
    'bool_or(n)',
    '`bool_or` does not take integer; it takes booleans in both databases; write a condition: `x <> 0`',
    'bool_or(n <> 0)',
  ],
  [
    'bool_and(plan)',
    '`bool_and` does not take text; it takes booleans in both databases; write a condition: `x IS NOT NULL`',
    'bool_and(plan IS NOT NULL)',
  ],
  [
    'count(DISTINCT ts - due_at)',
    `\`count(DISTINCT …)\` does not take interval; it takes no intervals; ${INTERVAL}`,
    'count(DISTINCT extract(epoch FROM ts - due_at))',
  ],
  [
    '(array_agg(ts - due_at ORDER BY ts DESC, id DESC))[1]',
    `\`array_agg\` does not take interval; it takes no intervals; ${INTERVAL}`,
    '(array_agg(extract(epoch FROM ts - due_at) ORDER BY ts DESC, id DESC))[1]',
  ],
  [
    'max(CAST(n AS real) + n)',
    `\`+\` mixes real with another number type; ${REAL}`,
    'max(CAST(CAST(n AS real) AS double precision) + n)',
  ],
  [
    'max(abs(plan))',
    '`abs` does not take text; it takes a number; cast the argument',
    'max(abs(CAST(plan AS integer)))',
  ],
  [
    'max(plan + ok)',
    '`+` does not take text, boolean; it takes numbers; cast the argument',
    'max(CAST(plan AS integer) + CAST(ok AS integer))',
  ],
  [
    'max(n + (ts - due_at))',
    `\`+\` does not take integer, interval; it takes numbers; ${INTERVAL}`,
    'max(n + extract(epoch FROM ts - due_at))',
  ],
  [
    `max(${LONG.join(' % ')})`,
    `\`%\` of decimal(38,0) and decimal(38,38) ${DIGITS}`,
    `max(${LONG[0]} % CAST(n AS decimal(19,0)))`,
  ],
  [
    `max(greatest(${LONG.join(', ')}))`,
    `\`greatest\` of decimal(38,0) and decimal(38,38) ${DIGITS}`,
    `max(greatest(${LONG[0]}, CAST(n AS decimal(19,0))))`,
  ],
];

describe('a call of types that it does not take is told with SQL that is taken', () => {
  it.each(CASES)('%s', (refused, text, mended) => {
    const code = text.includes('38 digits') ? 'FSC3016' : 'FSC3101';
    expect(told(refused)).toEqual([`${code}; ${text}`]);
    expect(told(mended).filter((one) => !one.startsWith('FSC5'))).toEqual([]);
  });
});
