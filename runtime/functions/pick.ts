/** The value at the latest or earliest event, NULL included: `(array_agg(x ORDER BY event_time DESC, key DESC))[1]` (rules.md 17). */
import type { SqlType } from '../values/types.ts';
import { argumentOf, callText, ONE_ARGUMENT } from './aggregate-support.ts';
import type { AggregateFunction, AggregateSqlForm } from './definition.ts';
import { ALL_KINDS, noSuch, resolved } from './support.ts';

const duckdbPick: AggregateSqlForm = (parts) =>
  // Keeps one value where array_agg would keep and sort them all.
  callText('first', `${argumentOf(parts)} ${orderOf(parts.orderBy)}`, parts);

const postgresPick: AggregateSqlForm = (parts) => {
  if (parts.over !== '') return { unsupported: 'Postgres has no ORDER BY in a window aggregate' };
  return `(${callText('array_agg', `${argumentOf(parts)} ${orderOf(parts.orderBy)}`, parts)})[1]`;
};

function orderOf(orderBy: string | null): string {
  if (orderBy === null) throw new Error('the latest value needs an order');
  return orderBy;
}

function pick(name: 'latest' | 'earliest'): AggregateFunction {
  const direction = name === 'latest' ? 'DESC' : 'ASC';
  return {
    ...ONE_ARGUMENT,
    name,
    // SQL spells it by array_agg, which the binder recognises.
    spellings: [],
    orderSensitive: true,
    resolve: ([type]) =>
      type?.kind === 'interval'
        ? noSuch('array_agg', [type], 'no intervals')
        : resolved([type as SqlType], type as SqlType),
    algebra: () => 'monoid',
    sql: { duckdb: duckdbPick, postgres: postgresPick },
    domain: [ALL_KINDS.filter((kind) => kind !== 'interval')],
    doc: {
      summary: `value at the ${name} event, NULL included; NULL over nothing`,
      calls: [`(array_agg(x ORDER BY event_time ${direction}, key ${direction}))[1]`],
      types: 'any type but intervals gives itself',
      examples: [
        {
          sql: `SELECT (array_agg(x ORDER BY t ${direction}))[1] FROM (VALUES (1, 10), (2, 20)) AS v(t, x)`,
          value: name === 'latest' ? '20' : '10',
        },
      ],
    },
  };
}

export const latest: AggregateFunction = pick('latest');
export const earliest: AggregateFunction = pick('earliest');
