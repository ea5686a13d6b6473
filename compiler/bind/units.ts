import { TEMPORAL_UNITS, type TemporalUnit } from '../../runtime/values/temporal.ts';
import type { FaultParts } from '../catalog/faults.ts';
import { listed } from '../catalog/suggest.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { replacing } from '../diagnostics/edits.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { PlanExpr } from '../plan/plan.ts';

export function truncUnit(written: string): TemporalUnit | undefined {
  return TEMPORAL_UNITS.find((unit) => unit === written.toLowerCase());
}

/** For a unit of date_trunc that does not exist; `span` is its literal. */
export function unknownUnit(written: string, span: Span): FaultParts {
  const best = suggest(written, TEMPORAL_UNITS);
  return best === null
    ? { help: `name one of ${listed(TEMPORAL_UNITS)}` }
    : { help: `a unit with a similar name exists: \`${best}\``, edits: replacing(span, `'${best}'`) };
}

/** Units are read in any case, as in both databases. */
export function foldUnit(name: string, args: readonly PlanExpr[]): readonly PlanExpr[] {
  const [unit, ...rest] = args;
  if (name !== 'date_part' && name !== 'date_trunc') return args;
  if (unit?.kind !== 'const' || typeof unit.value !== 'string') return args;
  return [{ ...unit, value: unit.value.toLowerCase() }, ...rest];
}
