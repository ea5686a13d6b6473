/** Which columns of a source somebody looks at: what nobody reads need not be decoded. */
import type { SourceProgram } from '../log/contract.ts';
import { columnsOfOnly } from '../log/judge.ts';
import { newDictionaryId } from '../sources/text-interner.ts';
import type { GroupState } from '../state/program.ts';
import type { ColumnBatch, ColumnVector } from '../values/batch.ts';
import type { SqlType } from '../values/types.ts';

/**
 * Columns that the operators of `states`, or the verdicts, read, by their index in the source. Generated code takes its vectors from the batch
 * before its first row, so a batch of no rows shows which.
 */
export function columnsRead(source: SourceProgram, states: readonly GroupState[]): ReadonlySet<number> {
  const { spec } = source;
  const reads = new Set<number>([spec.eventTimeColumn, ...spec.keyColumns, ...columnsOfOnly(spec)]);
  if (spec.partitionColumn >= 0) reads.add(spec.partitionColumn);
  spec.columns.forEach(({ type }, i) => {
    // Their range is a verdict's business.
    if (type.kind === 'date' || type.kind === 'timestamp' || type.kind === 'timestamptz') reads.add(i);
  });
  const text: SqlType = { kind: 'text', maxLength: null };
  const types = [...spec.columns.map(({ type }) => type), ...spec.onlyPaths.map(() => text)];
  const batch = watchedBatch(types, (column) => reads.add(column));
  const none = new Int32Array(0);
  source.check(batch, 0, new Uint16Array(0));
  source.only?.(batch, 0, new Uint8Array(0));
  for (const state of states) {
    state.entitiesOf(batch, none, 0, none);
    state.ingest(batch, none, 0);
  }
  return reads;
}

function watchedBatch(types: readonly SqlType[], note: (column: number) => void): ColumnBatch {
  const columns: ColumnVector[] = [];
  types.forEach((type, i) => {
    const vector = emptyVector(type);
    Object.defineProperty(columns, i, {
      enumerable: true,
      get: () => {
        note(i);
        return vector;
      },
    });
  });
  return { length: 0, columns };
}

function emptyVector(type: SqlType): ColumnVector {
  if (type.kind !== 'text') return { kind: 'numeric', values: new Float64Array(0), nulls: null, wide: null };
  const dictionaryId = newDictionaryId();
  return { kind: 'text', strings: null, codes: new Int32Array(0), dictionary: [], dictionaryId, nulls: null };
}
