import type { AggregateFunction, ScalarFunction } from '../../runtime/functions/definition.ts';
import { AGGREGATES, SCALARS } from '../../runtime/functions/index.generated.ts';

const byFunction = new Map<string, ScalarFunction[]>();
const byOperator = new Map<string, ScalarFunction[]>();
const byName = new Map<string, ScalarFunction>();
const aggregatesBySpelling = new Map<string, AggregateFunction>();
const aggregatesByName = new Map<string, AggregateFunction>();

for (const scalar of SCALARS) {
  byName.set(scalar.name, scalar);
  for (const spelling of scalar.spellings) {
    if ('fn' in spelling) push(byFunction, spelling.fn, scalar);
    else push(byOperator, `${spelling.op}/${spelling.arity}`, scalar);
  }
}
for (const aggregate of AGGREGATES) {
  aggregatesByName.set(aggregate.name, aggregate);
  for (const spelling of aggregate.spellings) {
    // count(*) and count(x) share a spelling; the star form is asked for by name.
    if (aggregate.arity === 1) aggregatesBySpelling.set(spelling.fn, aggregate);
  }
}

function push(map: Map<string, ScalarFunction[]>, key: string, scalar: ScalarFunction): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [scalar]);
  else list.push(scalar);
}

/** Every scalar that SQL calls `fn(…)`; several where argument types tell them apart. */
export function scalarsCalled(fn: string): readonly ScalarFunction[] {
  return byFunction.get(fn) ?? [];
}

export function scalarsOfOperator(op: string, arity: 1 | 2): readonly ScalarFunction[] {
  return byOperator.get(`${op}/${arity}`) ?? [];
}

export function scalarNamed(name: string): ScalarFunction | null {
  return byName.get(name) ?? null;
}

export function aggregateCalled(fn: string): AggregateFunction | null {
  return aggregatesBySpelling.get(fn) ?? null;
}

export function aggregateNamed(name: string): AggregateFunction | null {
  return aggregatesByName.get(name) ?? null;
}

export function functionNames(): readonly string[] {
  return [...byFunction.keys(), ...aggregatesBySpelling.keys(), 'coalesce', 'nullif', 'now'];
}
