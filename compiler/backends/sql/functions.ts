import { aggregateNamed, scalarNamed } from '../../bind/registry.ts';
import type { FunctionTable } from './print-expr.ts';

/** The functions of runtime/functions; the plan holds registry names only, so a miss is our fault. */
export const FUNCTIONS: FunctionTable = {
  scalar: (name) => scalarNamed(name) ?? missing(name),
  aggregate: (name) => aggregateNamed(name) ?? missing(name),
};

function missing(name: string): never {
  throw new Error(`no function called ${name} in runtime/functions`);
}
