/** What the log of a source makes of the records that a test gives it. */
import { DUPLICATE, SKIPPED, type SourceProgram, VERDICTS } from '../../runtime/log/contract.ts';
import { type LogPhase, openLog, type SourceLog } from '../../runtime/log/source-log.ts';
import { valueAt } from '../../runtime/sources/record-columns.ts';
import { FixedClock } from '../../runtime/time/clock.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import { compareValues } from '../../runtime/values/order.ts';
import type { Value } from '../../runtime/values/types.ts';
import type { Place } from '../test-files.ts';
import type { SourceOfTest } from './given.ts';
import { linesPhase } from './memory-records.ts';

export interface RefusedRow {
  readonly source: string;
  readonly place: Place;
  readonly verdict: string;
  readonly reason: string;
}

export interface JudgedSource {
  readonly program: SourceProgram;
  readonly lines: readonly string[];
  /** Values by column, in order of arrival. */
  readonly accepted: readonly (readonly Value[])[];
  readonly refused: readonly RefusedRow[];
}

/** The log over one phase. The clock does not matter: nothing of a test is live. */
export function logOver(program: SourceProgram, phase: LogPhase, batchRows: number): Promise<SourceLog> {
  return openLog(program, { phases: [phase], resumeFrom: null, clock: new FixedClock(0), batchRows });
}

export async function judge(source: SourceOfTest): Promise<JudgedSource> {
  const { program, records } = source;
  const { spec } = program;
  const lines = records.map((record) => record.line);
  const accepted: (readonly Value[])[] = [];
  const refused: RefusedRow[] = [];
  const reasons = new Map<number, string>();
  const log = await openLog(program, {
    phases: [linesPhase(spec, lines)],
    resumeFrom: null,
    clock: new FixedClock(0),
    refused: { add: ({ place, reason }) => reasons.set(place.offset, reason), flush: () => {} },
  });
  let seen = 0;
  for (let batch = await log.next(); batch !== null; batch = await log.next()) {
    for (let row = 0; row < batch.batch.length; row++) {
      const verdict = batch.verdicts[row] as number;
      const record = records[seen + row] as SourceOfTest['records'][number];
      if (verdict === 0) {
        const { columns } = batch.batch;
        accepted.push(spec.columns.map(({ type }, i) => valueAt(columns[i] as (typeof columns)[number], type, row)));
      } else {
        const reason = reasons.get(seen + row) ?? reasonOf(verdict, spec);
        refused.push({ source: spec.name, place: record.place, verdict: VERDICTS[verdict] as string, reason });
      }
    }
    seen += batch.batch.length;
  }
  await log.close();
  return { program, lines, accepted, refused };
}

function reasonOf(verdict: number, spec: SourceSpec): string {
  if (verdict === DUPLICATE) return 'a record with this event time and primary key came before';
  return verdict === SKIPPED ? `@only ${spec.onlySql} does not take it` : 'refused';
}

/** By (event time, key). */
export function inEventOrder(spec: SourceSpec, rows: readonly (readonly Value[])[]): readonly (readonly Value[])[] {
  const order = [spec.eventTimeColumn, ...spec.keyColumns];
  return [...rows].sort((a, b) => {
    for (const column of order) {
      const [x, y] = [a[column], b[column]];
      if (x === null || x === undefined || y === null || y === undefined) continue; // neither is ever NULL
      const difference = compareValues((spec.columns[column] as SourceSpec['columns'][number]).type, x, y);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

/**
 * The accepted records in an order in which they could have arrived as well: each at its event time plus a delay below the lateness, so that
 * none is late.
 */
export function shuffled(
  spec: SourceSpec,
  rows: readonly (readonly Value[])[],
  random: () => number,
): readonly (readonly Value[])[] {
  const arrivals = rows.map((row) => ({
    row,
    at: (row[spec.eventTimeColumn] as number) + Math.floor(random() * Math.max(1, spec.latenessMicros)),
    tie: random(),
  }));
  return arrivals.sort((a, b) => a.at - b.at || a.tie - b.tie).map(({ row }) => row);
}
