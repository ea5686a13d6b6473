import type { VerdictCounts } from '../log/contract.ts';
import type { ErrorCounter } from '../state/program.ts';

/** What became of the records that were read: `read = accepted + duplicate + late + quarantined`. Skipped records are apart. */
export interface ReadSummary {
  readonly events: {
    readonly read: number;
    readonly accepted: number;
    readonly duplicate: number;
    readonly late: number;
    readonly quarantined: number;
  };
  readonly skipped: number;
  readonly unknownFields: number;
  readonly quarantine: Readonly<Record<string, number>>;
}

/** `run`'s closing object (cli.md, Results). */
export interface RunSummary extends ReadSummary {
  readonly mode: 'batch' | 'stream';
  readonly views: readonly string[];
  readonly expressionErrors: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly seconds: number;
}

/** Expression errors by `view.column`. */
export class ErrorTally implements ErrorCounter {
  readonly counts = new Map<string, number>();
  readonly #views: ReadonlySet<string> | null;

  /** `views`: only theirs count, though others are computed in the same groups. */
  constructor(views: ReadonlySet<string> | null = null) {
    this.#views = views;
  }

  count(view: string, column: string): void {
    if (this.#views?.has(view) === false) return;
    const key = `${view}.${column}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  clear(): void {
    this.counts.clear();
  }

  total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  toJson(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Adds what one source saw to the whole. */
export function addCounts(into: VerdictCounts, counts: VerdictCounts): void {
  into.read += counts.read;
  into.accepted += counts.accepted;
  into.duplicate += counts.duplicate;
  into.late += counts.late;
  into.quarantined += counts.quarantined;
  into.skipped += counts.skipped;
  into.unknownFields += counts.unknownFields;
  for (const [reason, count] of Object.entries(counts.reasons))
    into.reasons[reason] = (into.reasons[reason] ?? 0) + count;
}

export function noCounts(): VerdictCounts {
  return {
    read: 0,
    accepted: 0,
    duplicate: 0,
    late: 0,
    quarantined: 0,
    skipped: 0,
    unknownFields: 0,
    reasons: Object.create(null),
  };
}

export function readSummary(counts: VerdictCounts): ReadSummary {
  const { read, accepted, duplicate, late, quarantined, skipped, unknownFields, reasons } = counts;
  return { events: { read, accepted, duplicate, late, quarantined }, skipped, unknownFields, quarantine: reasons };
}
