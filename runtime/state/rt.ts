/** The surface that generated stream modules stand on (`rt`). Scalar kernels are added by runtime/index.ts. */

import { entityBytes } from './group-store.ts';
import { createState, type GroupCode } from './machine.ts';
import type { GroupProgram } from './program.ts';

export { compareDoubles } from '../values/order.ts';
export { boundAt, firstReaching } from './bounds.ts';
export {
  addSquare,
  addWide,
  behindLine,
  carryInt,
  doubleAverage,
  doubleSum,
  intAverage,
  intSum,
  intVariance,
  variance,
} from './results.ts';

/** A group as its generated module describes it. */
export function group(code: GroupCode & { readonly sourceFingerprint: string }): GroupProgram {
  return {
    fingerprint: code.layout.fingerprint,
    source: code.source,
    views: code.views,
    entityTypes: code.entityTypes,
    slotTypes: code.slotTypes,
    eventBytes: code.layout.stride * 8,
    entityBytes: entityBytes(code.layout, code.entityTypes.length),
    create: (options) => createState(code, options),
  };
}
