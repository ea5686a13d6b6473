/** count(*), count(x), count(DISTINCT x). */
import type { SqlType } from '../values/types.ts';
import { argumentOf, callText, everywhere, ONE_ARGUMENT } from './aggregate-support.ts';
import type { AggregateFunction, AggregateSqlForm } from './definition.ts';
import { ALL_KINDS, BIGINT, noSuch, resolved } from './support.ts';

export const countStar: AggregateFunction = {
  ...ONE_ARGUMENT,
  name: 'count_star',
  spellings: [{ fn: 'count' }],
  arity: 0,
  empty: 0,
  resolve: () => resolved([], BIGINT),
  algebra: () => 'group',
  sql: everywhere((parts) => callText('count', '*', parts)),
  domain: [],
  doc: {
    summary: 'number of events; 0 for none',
    calls: ['count(*)'],
    types: 'gives a bigint',
    examples: [{ sql: 'SELECT count(*) FROM (VALUES (1), (NULL)) AS v(x)', value: '2' }],
  },
};

const duckdbCount: AggregateSqlForm = (parts) =>
  callText('count', `${parts.distinct ? 'DISTINCT ' : ''}${argumentOf(parts)}`, parts);

const postgresCount: AggregateSqlForm = (parts, types) => {
  if (!parts.distinct) return duckdbCount(parts, types);
  if (parts.over !== '') return { unsupported: 'Postgres has no DISTINCT in a window function' };
  const isText = types.args[0]?.kind === 'text';
  return callText('count', `DISTINCT ${argumentOf(parts)}${isText ? ' COLLATE "C"' : ''}`, parts);
};

export const count: AggregateFunction = {
  ...ONE_ARGUMENT,
  name: 'count',
  spellings: [{ fn: 'count' }],
  allowsDistinct: true,
  empty: 0,
  resolve: ([type], distinct) => {
    // Intervals of equal length in different words (1 month, 30 days) are one value or two.
    if (distinct && type?.kind === 'interval') return noSuch('count(DISTINCT …)', [type], 'no intervals');
    return resolved([type as SqlType], BIGINT);
  },
  algebra: (_type, distinct) => (distinct ? 'multiset' : 'group'),
  sql: { duckdb: duckdbCount, postgres: postgresCount },
  domain: [ALL_KINDS],
  doc: {
    summary: 'number of values that are not NULL, each once with DISTINCT; 0 for none',
    calls: ['count(x)', 'count(DISTINCT x)'],
    types: 'any type (DISTINCT: no intervals) gives a bigint',
    examples: [
      { sql: 'SELECT count(x) FROM (VALUES (1), (NULL)) AS v(x)', value: '1' },
      { sql: 'SELECT count(DISTINCT x) FROM (VALUES (1), (1), (2), (NULL)) AS v(x)', value: '2' },
    ],
  },
};
