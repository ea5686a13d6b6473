/** The model's own verdicts (design.md section 3), one record at a time: slow, plain, and sharing no code with the product. */
import type { Declaration } from './declaration.ts';
import { type FileKind, type Flaw, type Rec, timeOf } from './records.ts';

export type Verdict = 'accepted' | 'duplicate' | 'late' | 'malformed' | 'constraint' | 'range' | 'ahead' | 'skipped';

export interface Judged {
  readonly rec: Rec;
  readonly verdict: Verdict;
  /** By the clock, in seconds: of what came by stdin. */
  readonly takenAt?: number;
}

/** How a record came. */
export interface Medium {
  readonly format: FileKind | 'stdin';
  /** Read by time and key, whatever the order in the files is. */
  readonly isSorted: boolean;
}

export const STDIN: Medium = { format: 'stdin', isSorted: false };

/** rules.md 6: the settle line is so far behind what the lateness allows. */
const MARGIN = 5;
const NEVER = Number.NEGATIVE_INFINITY;

export function identityOf(rec: Rec): string {
  return `${timeOf(rec)}/${rec.id}`;
}

export class Judge {
  readonly accepted = new Set<string>();
  /** By partition. */
  readonly #newest = new Map<string, number>();
  /** Of the history, once that is over: where a live partition begins. */
  #floor = NEVER;
  #line = NEVER;
  #newestOfAll = NEVER;

  get newest(): number {
    return this.#newestOfAll;
  }

  judge(rec: Rec, declared: Declaration, medium: Medium): Verdict {
    const form = formOf(rec, declared, medium);
    if (form !== 'accepted') return form;
    const time = timeOf(rec);
    const newest = this.#newest.get(partitionOf(rec, declared, medium)) ?? this.#floor;
    const oldest = medium.isSorted ? this.#line : Math.max(this.#line, newest - declared.lateness);
    if (time < oldest) return 'late';
    if (this.accepted.has(identityOf(rec))) return 'duplicate';
    this.take(rec, declared, medium);
    return 'accepted';
  }

  take(rec: Rec, declared: Declaration, medium: Medium): void {
    const time = timeOf(rec);
    const partition = partitionOf(rec, declared, medium);
    this.accepted.add(identityOf(rec));
    this.#newest.set(partition, Math.max(this.#newest.get(partition) ?? this.#floor, time));
    this.#newestOfAll = Math.max(this.#newestOfAll, time);
    this.#line = Math.max(this.#line, Math.min(...this.#newest.values()) - declared.lateness - MARGIN);
  }

  /** The history is over (rules.md 7). */
  handOff(): void {
    this.#floor = this.#newestOfAll;
    this.#newest.clear();
  }

  /** What another has settled is settled. */
  settle(other: Judge): void {
    this.#line = Math.max(this.#line, other.#line);
  }

  copy(): Judge {
    const copy = new Judge();
    for (const identity of this.accepted) copy.accepted.add(identity);
    for (const [partition, newest] of this.#newest) copy.#newest.set(partition, newest);
    copy.#floor = this.#floor;
    copy.#line = this.#line;
    copy.#newestOfAll = this.#newestOfAll;
    return copy;
  }
}

function partitionOf({ kind }: Rec, { isPartitioned }: Declaration, medium: Medium): string {
  return isPartitioned && !medium.isSorted ? kind : '';
}

/** What a record is by itself, whatever came before it. */
function formOf(rec: Rec, declared: Declaration, { format }: Medium): Verdict {
  const flaw = flawIn(rec.flaw, declared, format);
  if (flaw === 'json' && (format === 'jsonl' || format === 'stdin')) return 'malformed';
  if (declared.isOnly && rec.kind !== 'p') return 'skipped';
  if (flaw === 'json' || flaw === 'qty' || flaw === 'card' || flaw === 'extra') return 'malformed';
  if (declared.above !== null && rec.amount !== null && !(rec.amount > declared.above)) return 'constraint';
  if (flaw === 'range') return 'range';
  return flaw === 'ahead' && format === 'stdin' ? 'ahead' : 'accepted';
}

function flawIn(flaw: Flaw, { hasExtra }: Declaration, format: Medium['format']): Flaw {
  if (flaw === 'extra' && !hasExtra) return 'none';
  // The columns of a Parquet file have types.
  return format === 'parquet' && (flaw === 'json' || flaw === 'qty' || flaw === 'extra') ? 'none' : flaw;
}

/** As files of `order: none` are read: by time and key; of two with both, as they stand in the files. */
export function inSortedOrder(records: readonly Rec[]): readonly Rec[] {
  return records
    .map((rec, place) => ({ rec, place }))
    .sort((a, b) => timeOf(a.rec) - timeOf(b.rec) || a.rec.id - b.rec.id || a.place - b.place)
    .map(({ rec }) => rec);
}

export interface Counts {
  read: number;
  accepted: number;
  duplicate: number;
  late: number;
  quarantined: number;
  skipped: number;
}

export function countsOf(judged: readonly Judged[]): Counts {
  const counts: Counts = { read: 0, accepted: 0, duplicate: 0, late: 0, quarantined: 0, skipped: 0 };
  for (const { verdict } of judged) {
    if (verdict !== 'skipped') counts.read += 1;
    if (verdict === 'accepted' || verdict === 'duplicate' || verdict === 'late' || verdict === 'skipped')
      counts[verdict] += 1;
    else counts.quarantined += 1;
  }
  return counts;
}

export function isRefused(verdict: Verdict): boolean {
  return verdict !== 'accepted' && verdict !== 'duplicate' && verdict !== 'skipped';
}
