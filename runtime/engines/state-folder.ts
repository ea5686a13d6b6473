/**
 * The state folder of stream runs (`.fsc/state/`): one writer, one journal and one snapshot a source.
 *
 *   lock · <source>.journal · <source>.snapshot
 *
 * A snapshot holds the log's own state, the position it was taken at, every group's image and the sequence of the last journal frame that it
 * contains. A restart is the snapshot, then the journal's frames after that sequence (design.md section 6).
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogPosition } from '../log/contract.ts';
import { writeFault } from '../log/durable-file.ts';
import { Journal, journalHasFrames } from '../log/journal.ts';
import {
  decodeEntries,
  EntryEncoder,
  type EntryParts,
  type JournalEntry,
  lastJournaled,
} from '../log/journal-entry.ts';
import { type FolderLock, isLockTemporary, lockFolder, removeLeftLocks } from '../log/lock.ts';
import { RETRIES_FOLDER } from '../log/retries.ts';
import { readSection, readSections, type Section, writeSections } from '../log/snapshot-file.ts';
import { STDIN_PARTITION } from '../sources/location.ts';
import type { StateImage } from '../state/program.ts';
import { FscError } from '../values/errors.ts';
import type { SourceSpec } from '../values/manifest.ts';
import type { StoreMark } from './online-writer.ts';
import { type Change, changeOf, type Declaration, declarationOf } from './redeclared.ts';

/** Version of what `meta` says; a newer one is refused. */
const META_VERSION = 1;

export interface SavedSource {
  readonly position: LogPosition;
  readonly newestMicros: number;
  readonly settleLineMicros: number;
  readonly knownToMicros: number | null;
  /** The online store that the rows were written to; null: none, or rows of another state stand in it. */
  readonly store: StoreMark | null;
  readonly log: ReadonlyMap<string, Section>;
  /** By group fingerprint. */
  readonly groups: ReadonlyMap<string, SavedGroup>;
}

export interface SavedGroup {
  readonly image: StateImage;
  /** When each entity's online row must be renewed; Infinity: it covers its whole future. */
  readonly renewAtMicros: Float64Array;
  /** Fingerprints of the views whose rows those are, by name: views of another meaning may keep the same state. */
  readonly views: ReadonlyMap<string, string>;
}

interface Meta {
  readonly version: number;
  readonly sourceFingerprint: string;
  /** Snapshots of the first versions have none. */
  readonly declaration?: Declaration;
  readonly position: LogPosition;
  readonly newestMicros: number | null;
  readonly settleLineMicros: number | null;
  readonly knownToMicros: number | null;
  readonly store?: StoreMark | null;
  readonly sequence: number;
  readonly groups: readonly string[];
  /** By group: names and fingerprints of its views. Snapshots of the first versions have none. */
  readonly views?: readonly (readonly (readonly [string, string])[])[];
}

export class StateFolder {
  readonly path: string;
  readonly #lock: FolderLock;

  private constructor(path: string, lock: FolderLock) {
    this.path = path;
    this.#lock = lock;
  }

  /** Throws FSC7114 while another process writes it. */
  static open(path: string): StateFolder {
    const lock = lockFolder(path);
    try {
      // A run that was killed while it wrote a snapshot left it half done.
      for (const name of readdirSync(path)) {
        if (/^\..*\.tmp$/.test(name) && !isLockTemporary(name)) rmSync(join(path, name), { force: true });
      }
      // The lock of the retries is held for moments, by others than runs.
      removeLeftLocks(join(path, RETRIES_FOLDER));
      return new StateFolder(path, lock);
    } catch (error) {
      lock.release();
      throw writeFault(path, error);
    }
  }

  /** With `isRebuilt` (rules.md 29) what was saved is left aside, whatever declaration it was made under; it stays until the next `save`. */
  async source(spec: SourceSpec, isRebuilt: boolean): Promise<SourceState> {
    return SourceState.open(this.path, spec, isRebuilt);
  }

  close(): void {
    this.#lock.release();
  }
}

interface SourceParts {
  readonly journal: Journal;
  readonly encoder: EntryEncoder;
  readonly snapshotPath: string;
  readonly declaration: Declaration;
  readonly change: Exclude<Change, 'records'>;
  readonly keepsVerdicts: boolean;
  readonly saved: SavedSource | null;
  readonly framesFrom: LogPosition;
  readonly frames: readonly JournalEntry[];
}

/** What one source has in the folder. */
export class SourceState {
  /** null: nothing was committed yet. */
  readonly saved: SavedSource | null;
  /** Frames after the snapshot: consumed, and to be consumed again. */
  readonly frames: readonly JournalEntry[];
  /** Where the first of the frames begins: the position of the snapshot, even one that is left aside. */
  readonly framesFrom: LogPosition;
  /** How the declaration differs from that under which the state was saved. */
  readonly change: Exclude<Change, 'records'>;
  /** Records of the archive are of the kind that is declared now, so that their verdicts stand where the state is made anew. */
  readonly keepsVerdicts: boolean;
  readonly #parts: SourceParts;

  private constructor(parts: SourceParts) {
    this.#parts = parts;
    this.change = parts.change;
    this.keepsVerdicts = parts.keepsVerdicts;
    this.saved = parts.saved;
    this.framesFrom = parts.framesFrom;
    this.frames = parts.frames;
  }

  static async open(folder: string, spec: SourceSpec, isRebuilt: boolean): Promise<SourceState> {
    const { name } = spec;
    const declaration = declarationOf(spec);
    const snapshotPath = pathOf(folder, name, 'snapshot');
    const journalPath = pathOf(folder, name, 'journal');
    const sections = await readSnapshot(snapshotPath, isRebuilt);
    const meta = sections === null ? null : readMeta(sections, snapshotPath);
    const { journal, frames } = await Journal.open(journalPath, meta?.sequence ?? 0);
    try {
      const { entries, whole } = decodeEntries(frames, meta?.sequence ?? 0, journalPath);
      const isAside = isRebuilt || (meta !== null && entries.length === 0 && isEmpty(meta));
      const since = meta === null ? 'records' : changeSince(meta, declaration);
      const change = meta === null || isAside ? 'none' : since;
      if (change === 'records') throw redeclared(name, OTHER_RECORDS);
      return new SourceState({
        ...{ journal, snapshotPath, declaration, change, frames: entries },
        encoder: new EntryEncoder(whole),
        keepsVerdicts: since !== 'records',
        saved: sections === null || meta === null || isAside ? null : savedOf(sections, meta),
        framesFrom: meta?.position ?? { partitions: {} },
      });
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** What was saved is left aside, as with `isRebuilt`. The journal goes over to the new one. */
  anew(): SourceState {
    return new SourceState({ ...this.#parts, change: 'none', saved: null });
  }

  /** On the disk when it returns. */
  async append(batch: EntryParts): Promise<void> {
    const { journal, encoder } = this.#parts;
    await journal.append(...encoder.encode(batch, journal.sequence + 1, journal.isEmpty));
  }

  get journalBytes(): number {
    return this.#parts.journal.bytes;
  }

  /** Takes the place of the last snapshot, and of the journal up to here. False: it was given up, and the last one stands. */
  async save(state: SavedSource, isGivenUp: () => boolean): Promise<boolean> {
    const meta: Meta = {
      version: META_VERSION,
      sourceFingerprint: this.#parts.declaration.fingerprint,
      declaration: this.#parts.declaration,
      position: state.position,
      newestMicros: finiteOrNull(state.newestMicros),
      settleLineMicros: finiteOrNull(state.settleLineMicros),
      knownToMicros: state.knownToMicros,
      store: state.store,
      sequence: this.#parts.journal.sequence,
      groups: [...state.groups.keys()],
      views: [...state.groups.values()].map(({ views }) => [...views]),
    };
    const sections = new Map<string, Section>([['meta', JSON.stringify(meta)]]);
    for (const [name, section] of state.log) sections.set(`log/${name}`, section);
    for (const [fingerprint, { image, renewAtMicros }] of state.groups) {
      sections.set(`renew/${fingerprint}`, renewAtMicros);
      for (const [name, section] of image.sections) sections.set(`group/${fingerprint}/${name}`, section);
    }
    if (!(await writeSections(this.#parts.snapshotPath, sections, isGivenUp))) return false;
    await this.#parts.journal.clear();
    return true;
  }

  async close(): Promise<void> {
    await this.#parts.journal.close();
  }
}

/** Nothing was consumed, so nothing follows from the declaration that it was made under. */
function isEmpty({ position }: Meta): boolean {
  return Object.keys(position.partitions).length === 0;
}

/** How far the log of a source was consumed, by which groups, and which store has their rows. */
export type SnapshotFacts = Pick<Meta, 'position' | 'settleLineMicros' | 'knownToMicros' | 'store' | 'groups'>;

/** Of the last snapshot of a source; null: there is none. Takes no lock, so it may run beside a stream run. */
export async function snapshotFacts(folder: string, source: string): Promise<SnapshotFacts | null> {
  return snapshotMeta(folder, source);
}

async function snapshotMeta(folder: string, source: string): Promise<Meta | null> {
  const path = pathOf(folder, source, 'snapshot');
  const meta = await readSection(path, 'meta');
  return meta === null ? null : readMeta(new Map([['meta', meta]]), path);
}

export async function snapshotPosition(folder: string, source: string): Promise<LogPosition | null> {
  return (await snapshotFacts(folder, source))?.position ?? null;
}

/** Whether records of the history, or its empty files, are among what was consumed. */
export function hasHistory({ partitions }: LogPosition): boolean {
  return Object.keys(partitions).some((partition) => partition.startsWith('history:'));
}

export function hasHistoryRecords({ partitions }: LogPosition): boolean {
  return Object.entries(partitions).some(([name, { offset }]) => name.startsWith('history:') && offset > 0);
}

/** Those of which the stream has brought records; what stdin brought is in the archive. */
export function streamFiles({ partitions }: LogPosition): readonly string[] {
  return Object.entries(partitions).flatMap(([partition, { offset }]) => {
    const isFile = partition.startsWith('stream:') && !partition.endsWith(`:${STDIN_PARTITION}`);
    return isFile && offset > 0 ? [partition.slice('stream:'.length)] : [];
  });
}

/** Of what was consumed after the last snapshot; null: nothing was. Takes no lock. */
export function journaledPosition(folder: string, source: string): LogPosition | null {
  return lastJournaled(pathOf(folder, source, 'journal'));
}

/** Records were consumed after the last snapshot: a run goes on, or one was cut off. Read without the lock. */
export function hasJournaled(folder: string, source: string): boolean {
  return journalHasFrames(pathOf(folder, source, 'journal'));
}

/** A state that is made anew needs no snapshot: one that can't be read is as good as none. A newer format is still refused. */
async function readSnapshot(path: string, isRebuilt: boolean): Promise<ReadonlyMap<string, Section> | null> {
  try {
    return await readSections(path);
  } catch (error) {
    if (isRebuilt && error instanceof FscError && error.code === 'FSC7113') return null;
    throw error;
  }
}

function pathOf(folder: string, source: string, kind: 'journal' | 'snapshot'): string {
  return join(folder, `${encodeURIComponent(source)}.${kind}`);
}

function readMeta(sections: ReadonlyMap<string, Section>, path: string): Meta {
  const text = sections.get('meta');
  const meta = typeof text === 'string' ? (JSON.parse(text) as Meta) : null;
  if (meta === null)
    throw new FscError('FSC7113', 1, `the snapshot ${path} is corrupt`, 'it has no meta section', null);
  if (meta.version > META_VERSION) {
    throw new FscError(
      'FSC7112',
      1,
      `${path} was written by a newer fsc`,
      `its format is ${meta.version}, this version reads up to ${META_VERSION}; nothing was changed`,
      'use the newer fsc',
    );
  }
  return meta;
}

function savedOf(sections: ReadonlyMap<string, Section>, meta: Meta): SavedSource {
  const groups = new Map<string, SavedGroup>();
  for (const [i, fingerprint] of meta.groups.entries()) {
    const renew = sections.get(`renew/${fingerprint}`);
    groups.set(fingerprint, {
      image: { fingerprint, sections: withPrefix(sections, `group/${fingerprint}/`) },
      renewAtMicros: renew instanceof Float64Array ? renew : new Float64Array(0),
      views: new Map(meta.views?.[i]),
    });
  }
  return {
    position: meta.position,
    newestMicros: meta.newestMicros ?? Number.NEGATIVE_INFINITY,
    settleLineMicros: meta.settleLineMicros ?? Number.NEGATIVE_INFINITY,
    knownToMicros: meta.knownToMicros,
    store: meta.store ?? null,
    log: withPrefix(sections, 'log/'),
    groups,
  };
}

function withPrefix(sections: ReadonlyMap<string, Section>, prefix: string): Map<string, Section> {
  const out = new Map<string, Section>();
  for (const [name, section] of sections) if (name.startsWith(prefix)) out.set(name.slice(prefix.length), section);
  return out;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function changeSince(meta: Meta, declaration: Declaration): Change {
  if (meta.declaration !== undefined) return changeOf(meta.declaration, declaration);
  return meta.sourceFingerprint === declaration.fingerprint ? 'none' : 'records';
}

/** The archive of the source holds records as they were declared then: nobody can tell what another column was. Takes no lock. */
export async function refuseRedeclared(folder: string, spec: SourceSpec): Promise<void> {
  const meta = await snapshotMeta(folder, spec.name);
  if (meta === null || isEmpty(meta)) return;
  const change = changeSince(meta, declarationOf(spec));
  if (change === 'records') throw redeclared(spec.name, OTHER_RECORDS);
  if (change === 'columns') throw redeclared(spec.name, OTHER_COLUMNS);
}

const OTHER_RECORDS = 'its key, times or types changed';
export const OTHER_COLUMNS = 'its columns changed, and the archive has its records in those before';

/** `why`: what changed of the source. */
export function redeclared(name: string, why: string): FscError {
  return new FscError(
    'FSC7302',
    2,
    `the state of \`${name}\` was made under another declaration`,
    `${why}; nothing was touched`,
    'run once: fsc run --mode stream --rebuild (state and online rows are made anew from history and archive, which are kept)',
  );
}
