/** The accepted records of each source for a training set, and up to when their values are final. */
import type { AcceptedWithArchive } from '../../runtime/engines/accepted-archive.ts';
import { openAcceptedFeed, openAcceptedPaths, readsSorted } from '../../runtime/engines/accepted-feed.ts';
import { hasKnownTimes } from '../../runtime/engines/duckdb/accepted.ts';
import type { ReplayBatch } from '../../runtime/engines/group-replay.ts';
import { openKnownFeed } from '../../runtime/engines/known-feed.ts';
import type { Feed } from '../../runtime/engines/replay.ts';
import { addCounts, noCounts } from '../../runtime/engines/run-summary.ts';
import { unlessStopped } from '../../runtime/engines/unless-stopped.ts';
import type { LogBatch, SourceProgram, VerdictCounts } from '../../runtime/log/contract.ts';
import type { SourceLog } from '../../runtime/log/source-log.ts';
import { acceptedInput, isArchived, type ProjectRecords, readAccepted, refuseStdin } from '../accepted.ts';
import { type Finality, finalityOf, type KnownTo } from '../final.ts';
import { needRecords, type SourceLocations } from '../locations.ts';

/** Batches are taken entity by entity, which pays where an entity has several events in one. */
const BATCH_ROWS = 65_536;

/** What a source's records say about themselves, once they were read. */
export interface SourceFacts extends Finality {
  readonly counts: VerdictCounts;
  readonly refusedByStream: number;
}

export class Feeds {
  readonly facts = new Map<string, SourceFacts>();
  readonly #workspace: ProjectRecords;
  readonly #locations: ReadonlyMap<string, SourceLocations>;
  readonly #knownTo: KnownTo;
  readonly #completeTo: number | null;
  readonly #signal: AbortSignal;

  constructor(
    workspace: ProjectRecords,
    locations: ReadonlyMap<string, SourceLocations>,
    knownTo: KnownTo,
    completeTo: number | null,
    signal: AbortSignal,
  ) {
    this.#workspace = workspace;
    this.#locations = locations;
    this.#knownTo = knownTo;
    this.#completeTo = completeTo;
    this.#signal = signal;
  }

  /** In order of event time, or for `--known-to label` of known time. Columns outside `reads` may be missing. `trustsOrder`: as in HowToRead. */
  async open(source: string, reads?: ReadonlySet<number>, trustsOrder = false): Promise<Feed> {
    const program = this.#program(source);
    const at = this.#at(source);
    const input = { ...acceptedInput(this.#workspace, program, at), signal: this.#signal };
    const isByKnown = this.#knownTo.kind === 'label';
    const isDirect =
      readsSorted(input) && !isArchived(this.#workspace, source, at) && !(isByKnown && hasKnownTimes(program.spec));
    if (isDirect) {
      const options = { batchRows: BATCH_ROWS, trustsOrder, ...(reads === undefined ? {} : { reads }) };
      const log = await this.#unlessStopped(openAcceptedFeed(input, options));
      return this.#feedOf(log, (read) => this.#noteDirect(source, at, read));
    }
    const accepted = await this.accepted(source);
    if (isByKnown && accepted.hasKnownTimes) return openKnownFeed(program.spec, accepted.paths);
    const rest = { hasKnownTimes: accepted.hasKnownTimes, ...(reads === undefined ? {} : { reads }) };
    const options = { batchRows: BATCH_ROWS, trustsOrder, ...rest };
    const log = await this.#unlessStopped(openAcceptedPaths(program, accepted.paths, options));
    return this.#feedOf(log, () => undefined);
  }

  #unlessStopped(opening: Promise<SourceLog>): Promise<SourceLog> {
    return unlessStopped(opening, this.#signal, (late) => void late.close());
  }

  /** As files, for DuckDB. */
  async accepted(source: string): Promise<AcceptedWithArchive> {
    const at = this.#at(source);
    const accepted = await readAccepted(this.#workspace, source, this.#locations, this.#signal);
    const counts = noCounts();
    addCounts(counts, accepted.historyCounts);
    counts.read += accepted.archived;
    counts.accepted += accepted.archived - accepted.overruled;
    counts.duplicate += accepted.overruled;
    await this.#note(source, at, { ...accepted, counts });
    return accepted;
  }

  #program(source: string): SourceProgram {
    return this.#workspace.program.sources.find(({ spec }) => spec.name === source) as SourceProgram;
  }

  #at(source: string): SourceLocations {
    const at = this.#locations.get(source);
    const found = at !== undefined && isArchived(this.#workspace, source, at) ? at : needRecords(source, at);
    refuseStdin(source, found);
    return found;
  }

  #feedOf(log: SourceLog, atEnd: (read: DirectRead) => void | Promise<void>): Feed {
    const { knownTo } = this;
    const read: DirectRead = { counts: noCounts(), settleLineMicros: null, knownToMicros: null };
    const kept = new KnownFilter(knownTo);
    return {
      next: async () => {
        const batch = await unlessStopped(log.next(), this.#signal);
        if (batch !== null) {
          addCounts(read.counts, batch.counts);
          if (Number.isFinite(batch.settleLineMicros)) read.settleLineMicros = batch.settleLineMicros;
          return kept.take(batch);
        }
        read.knownToMicros = log.knownToMicros;
        await atEnd(read);
        return null;
      },
      close: () => log.close(),
    };
  }

  get knownTo(): number | null {
    return this.#knownTo.kind === 'T' ? this.#knownTo.micros : null;
  }

  #noteDirect(source: string, at: SourceLocations, read: DirectRead): Promise<void> {
    return this.#note(source, at, {
      ...read,
      refusedByStream: 0,
      hasKnownTimes: hasKnownTimes(this.#program(source).spec),
    });
  }

  async #note(source: string, at: SourceLocations, read: ReadSource): Promise<void> {
    const { counts, refusedByStream } = read;
    const finality = await finalityOf(this.#workspace, source, at, read, this.#completeTo);
    this.facts.set(source, { counts, refusedByStream, ...finality });
  }
}

interface DirectRead {
  readonly counts: VerdictCounts;
  settleLineMicros: number | null;
  knownToMicros: number | null;
}

type ReadSource = Pick<
  AcceptedWithArchive,
  'refusedByStream' | 'settleLineMicros' | 'knownToMicros' | 'hasKnownTimes'
> & {
  readonly counts: VerdictCounts;
};

/** Leaves out what was not known at T. */
class KnownFilter {
  readonly #toMicros: number | null;
  #rows = new Int32Array(0);

  constructor(toMicros: number | null) {
    this.#toMicros = toMicros;
  }

  take(batch: LogBatch): ReplayBatch {
    const rest = { batch: batch.batch, upToMicros: batch.newestMicros, known: null };
    if (this.#toMicros === null) return { ...rest, rows: batch.accepted, count: batch.acceptedCount };
    if (this.#rows.length < batch.acceptedCount) this.#rows = new Int32Array(batch.accepted.length);
    let count = 0;
    for (let i = 0; i < batch.acceptedCount; i++) {
      const row = batch.accepted[i] as number;
      if ((batch.knownTimeMicros[row] as number) <= this.#toMicros) this.#rows[count++] = row;
    }
    return { ...rest, rows: this.#rows, count };
  }
}
