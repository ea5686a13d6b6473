/** Groups of one view, and batches and copies of their state. */
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import type { GroupProgram, GroupState } from '../../runtime/state/program.ts';
import type { NumericVector } from '../../runtime/values/batch.ts';

export function groupOf(source: string, view: string): GroupProgram {
  const files = new Map([
    ['features/sources/events.sql', source],
    ['features/usage/v1.sql', view],
  ]);
  const { plan, diagnostics } = compileProject(files);
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return loadProgram(emitProject(plan)).groups[0] as GroupProgram;
}

export function numeric(values: readonly (number | null)[]): NumericVector {
  return {
    kind: 'numeric',
    values: Float64Array.from(values, (value) => value ?? 0),
    nulls: values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null,
    wide: null,
  };
}

export function newState(group: GroupProgram): GroupState {
  return group.create({ errors: { count: () => {} }, entityHint: 0 });
}

/** As a restart makes it. */
export function copyOf(group: GroupProgram, state: GroupState): GroupState {
  const copy = newState(group);
  const { fingerprint, sections } = state.snapshot();
  const cloned = [...sections].map(([name, part]) => [name, typeof part === 'string' ? part : part.slice()] as const);
  copy.restore({ fingerprint, sections: new Map(cloned) });
  return copy;
}
