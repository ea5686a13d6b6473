/** The quarantine as people see it: what is kept, and what became of it. */
import { join } from 'node:path';
import { suggest } from '../compiler/diagnostics/suggest.ts';
import { type QuarantinedRecord, QuarantineIndex, quarantinedSources } from '../runtime/log/quarantine-index.ts';
import { RETRIES_FOLDER, readRetries } from '../runtime/log/retries.ts';
import { FscError } from '../runtime/values/errors.ts';
import { printTimestamp } from '../runtime/values/temporal.ts';
import { readFeatureFiles } from './features.ts';
import { pathsOf } from './paths.ts';
import type { Project } from './project.ts';

/** waiting: the next stream run takes it in; retried: one did, and what came of it is a record of its own. */
export type KeptState = 'kept' | 'waiting' | 'retried';

export interface KeptRecord extends QuarantinedRecord {
  readonly source: string;
  readonly state: KeptState;
}

/** What lists and filters need of a record; there may be millions. */
export class KeptEntry {
  readonly source: string;
  readonly state: KeptState;
  readonly index: QuarantineIndex;
  readonly slot: number;

  constructor(source: string, state: KeptState, index: QuarantineIndex, slot: number) {
    this.source = source;
    this.state = state;
    this.index = index;
    this.slot = slot;
  }

  get id(): string {
    return this.index.id(this.slot);
  }
}

export interface QuarantineFilter {
  readonly source: string | null;
  readonly verdict: string | null;
}

export function retriesFolder(project: Project): string {
  return join(pathsOf(project).state, RETRIES_FOLDER);
}

/** By source, in order of arrival. */
export function keptEntries(project: Project, filter: QuarantineFilter): readonly KeptEntry[] {
  const folder = pathsOf(project).quarantine;
  const names = quarantinedSources(folder);
  if (filter.source !== null && !names.includes(filter.source)) refuseUnknownSource(project, filter.source, names);
  return names
    .filter((name) => filter.source === null || name === filter.source)
    .flatMap((name) => entriesOf(project, folder, name))
    .filter(({ index, slot }) => filter.verdict === null || index.verdict(slot) === filter.verdict);
}

function entriesOf(project: Project, folder: string, source: string): readonly KeptEntry[] {
  const { numbers, taken } = readRetries(retriesFolder(project), source);
  const stateOf = (id: string): KeptRecord['state'] => {
    const number = numbers.get(id);
    if (number === undefined) return 'kept';
    return number < taken ? 'retried' : 'waiting';
  };
  const index = QuarantineIndex.read(folder, source);
  return index.slots().map((slot) => new KeptEntry(source, stateOf(index.id(slot)), index, slot));
}

/** With all that is kept of them, each as it is asked for. */
export function* recordsOf(entries: readonly KeptEntry[]): Generator<KeptRecord> {
  for (let from = 0; from < entries.length; ) {
    const { index, source } = entries[from]!;
    const end = entries.findIndex((entry, i) => i > from && entry.index !== index);
    const part = entries.slice(from, end < 0 ? entries.length : end);
    let at = 0;
    for (const record of index.records(part.map(({ slot }) => slot))) {
      yield { ...record, source, state: part[at]!.state };
      at += 1;
    }
    from += part.length;
  }
}

/** A source of which nothing was refused is fine. */
function refuseUnknownSource(project: Project, source: string, quarantined: readonly string[]): void {
  const declared = [...readFeatureFiles(project.root).keys()].flatMap(
    (path) => /^features\/sources\/([^/]+)\.sql$/.exec(path)?.[1] ?? [],
  );
  const names = [...new Set([...declared, ...quarantined])];
  if (names.includes(source)) return;
  const near = suggest(source, names);
  throw new FscError(
    'FSC7001',
    2,
    `--source names \`${source}\`, which is no source of the project`,
    names.length === 0 ? 'the project has none' : `the project has ${names.join(', ')}`,
    near === null ? null : `did you mean \`${near}\`?`,
  );
}

/** stdin's partition is `-`, which a shell's user would take for an option. No other partition is called `stdin`: files have endings. */
export function shownId(id: string): string {
  return id.replace(/^-:/, 'stdin:');
}

/** That of the id, as it is shown or kept; ids are those of one source. */
export function entryWithId(records: readonly KeptEntry[], given: string): KeptEntry {
  const id = shownId(given);
  const found = records.filter((record) => shownId(record.id) === id);
  if (found.length > 1) {
    throw new FscError(
      'FSC7021',
      2,
      `\`${id}\` is a record of several sources`,
      `${found.map(({ source }) => source).join(' and ')} have one`,
      `name the source: --source ${found[0]?.source}`,
    );
  }
  const [record] = found;
  if (record !== undefined) return record;
  const near = suggest(
    id,
    records.map((candidate) => shownId(candidate.id)),
  );
  throw new FscError(
    'FSC7021',
    2,
    `there is no record \`${id}\` in quarantine`,
    records.length === 0 ? 'nothing is' : null,
    near === null ? 'fsc quarantine list shows the ids' : `did you mean \`${near}\`? fsc quarantine list shows the ids`,
  );
}

export function recordJson(record: KeptRecord): string {
  const { source, id, verdict, reason, place, knownTimeMicros, text, state } = record;
  const knownTime = knownTimeMicros === null ? null : printTimestamp(knownTimeMicros);
  const { partition, offset, origin } = place;
  const at = origin === undefined ? {} : { file: origin.file, row: origin.row };
  return JSON.stringify({
    source,
    id: shownId(id),
    verdict,
    reason,
    place: { partition, offset, ...at },
    knownTime,
    state,
    text,
  });
}
