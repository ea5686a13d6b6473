/** min and max by the total order: NaN above infinity, text by code point. */
import type { SqlType } from '../values/types.ts';
import { argumentOf, callText, ONE_ARGUMENT, takesOnly } from './aggregate-support.ts';
import type { AggregateFunction } from './definition.ts';
import { isNumeric, isTemporal, NUMERIC_KINDS, resolved } from './support.ts';

function extreme(fn: 'min' | 'max'): AggregateFunction {
  return {
    ...ONE_ARGUMENT,
    name: fn,
    spellings: [{ fn }],
    resolve: ([type]) => {
      if (type?.kind === 'boolean') {
        return takesOnly(fn, type, 'numbers, text and times', `write \`${fn === 'min' ? 'bool_and' : 'bool_or'}(x)\``);
      }
      const fits = type !== undefined && (isNumeric(type) || isTemporal(type) || type.kind === 'text');
      return fits
        ? resolved([type as SqlType], type)
        : takesOnly(fn, type, 'numbers, text and times', 'take an interval’s length: `extract(epoch FROM x)`');
    },
    algebra: () => 'monoid',
    sql: {
      duckdb: (parts) => callText(fn, argumentOf(parts), parts),
      postgres: (parts, types) => {
        const isText = types.args[0]?.kind === 'text';
        return callText(fn, isText ? `${argumentOf(parts)} COLLATE "C"` : argumentOf(parts), parts);
      },
    },
    domain: [[...NUMERIC_KINDS, 'text', 'date', 'timestamp', 'timestamptz']],
    doc: {
      summary: `${fn === 'min' ? 'least' : 'greatest'} value; NULL over nothing`,
      calls: [`${fn}(x)`],
      types: 'numbers, text and times give their own type',
      examples: [{ sql: `SELECT ${fn}(x) FROM (VALUES (2), (1), (NULL)) AS v(x)`, value: fn === 'min' ? '1' : '2' }],
    },
  };
}

export const min: AggregateFunction = extreme('min');
export const max: AggregateFunction = extreme('max');
