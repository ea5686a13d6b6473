/** bool_and and bool_or over the values that are not NULL. */

import type { SqlType } from '../values/types.ts';
import { argumentOf, callText, everywhere, ONE_ARGUMENT, takesOnly } from './aggregate-support.ts';
import type { AggregateFunction } from './definition.ts';
import { BOOLEAN, isNumeric, resolved } from './support.ts';

function conditionOn(type: SqlType | undefined): string {
  return type !== undefined && isNumeric(type) ? 'x <> 0' : 'x IS NOT NULL';
}

function boolean(fn: 'bool_and' | 'bool_or', spellings: readonly string[]): AggregateFunction {
  return {
    ...ONE_ARGUMENT,
    name: fn,
    spellings: spellings.map((spelling) => ({ fn: spelling })),
    resolve: ([type]) =>
      type?.kind === 'boolean'
        ? resolved([type], BOOLEAN)
        : takesOnly(fn, type, 'booleans', `write a condition: \`${conditionOn(type)}\``),
    algebra: () => 'group',
    sql: everywhere((parts) => callText(fn, argumentOf(parts), parts)),
    domain: [['boolean']],
    doc: {
      calls: [`${fn}(x)`],
      types: 'a boolean gives a boolean',
      summary: `true where ${fn === 'bool_and' ? 'every' : 'any'} value is true; NULL over nothing`,
      examples: [
        {
          sql: `SELECT ${fn}(x) FROM (VALUES (true), (false), (NULL)) AS v(x)`,
          value: fn === 'bool_and' ? 'false' : 'true',
        },
      ],
    },
  };
}

export const boolAnd: AggregateFunction = boolean('bool_and', ['bool_and']);
export const boolOr: AggregateFunction = boolean('bool_or', ['bool_or']);
