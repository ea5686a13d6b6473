/** Records of one source as the model keeps them: in files, judged, refused, known. */
import type { Declaration } from './declaration.ts';
import {
  identityOf,
  inSortedOrder,
  isRefused,
  type Judge,
  type Judged,
  type Medium,
  STDIN,
  type Verdict,
} from './judge.ts';
import { type Rec, timeOf } from './records.ts';

export interface HistoryFile {
  readonly name: string;
  readonly records: readonly Rec[];
}

/** A refused record that the quarantine tells. */
export interface Kept extends Judged {
  readonly isOfStdin: boolean;
  /** What it is asked for by, to be tried again. */
  readonly place: string;
}

export interface Known {
  readonly rec: Rec;
  readonly since: number;
}

export type KeptState = 'kept' | 'waiting' | 'retried';

export function ordered(files: readonly HistoryFile[], isSorted: boolean): readonly Rec[] {
  const records = files.flatMap((file) => file.records);
  return isSorted ? inSortedOrder(records) : records;
}

export function keptOf(judged: readonly Judged[], where: 'file' | 'stdin' | 'retried', from: number): Kept[] {
  return judged
    .map((one, i) => ({ ...one, isOfStdin: where === 'stdin', place: `${where}:${from + i}` }))
    .filter(({ verdict }) => isRefused(verdict));
}

export function judgedUntil(
  records: readonly Rec[],
  at: number,
  judge: Judge,
  declared: Declaration,
  medium: Medium,
): Judged[] {
  const before: Judged[] = [];
  for (const rec of records) {
    const verdict = judge.copy().judge(rec, declared, medium);
    if (verdict === 'accepted' && timeOf(rec) > at) break;
    before.push({ rec, verdict: judge.judge(rec, declared, medium) });
  }
  return before;
}

export function sentUntil(sent: readonly Rec[], at: number, judge: Judge, declared: Declaration): readonly Judged[] {
  return judgedUntil(sent, at, judge, declared, STDIN).map(({ rec, verdict }) => takenIn(rec, verdict));
}

export function takenIn(rec: Rec, verdict: Verdict): Judged {
  return { rec, verdict, takenAt: Date.now() / 1000 };
}

/** What stands in both counts once, and the stream's payload rules (rules.md 8). */
export function byIdentity(history: readonly Judged[], stdin: readonly Judged[]): ReadonlyMap<string, Judged> {
  const all = new Map<string, Judged>();
  for (const one of [...history, ...stdin]) if (one.verdict === 'accepted') all.set(identityOf(one.rec), one);
  return all;
}
