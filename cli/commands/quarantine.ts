import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suggest } from '../../compiler/diagnostics/suggest.ts';
import { type RetryRequest, requestRetries } from '../../runtime/log/retries.ts';
import { readHeader } from '../../runtime/sources/csv.ts';
import { fileOf, retryText } from '../../runtime/sources/retry-text.ts';
import type { Program } from '../../runtime/state/program.ts';
import { counted, formatCount, plural } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import type { CommandRunner, ExitStatus } from '../cli.ts';
import { type GlobalFlags, type Io, say, writeOut } from '../io.ts';
import { openProgram } from '../open-program.ts';
import { loadProject } from '../project.ts';
import {
  entryWithId,
  type KeptEntry,
  type KeptRecord,
  keptEntries,
  recordJson,
  recordsOf,
  retriesFolder,
  shownId,
} from '../quarantined.ts';
import { columnsOf, cutText, pairLines, plainText } from '../result-rows.ts';

const ACTIONS = ['list', 'show', 'retry'] as const;
const VERDICT_NAMES = ['malformed', 'constraint', 'range', 'ahead', 'late'];
/** A screenful and some; --limit or --format json shows more. */
const SHOWN = 50;

interface QuarantineFlags {
  readonly source?: string;
  readonly verdict?: string;
  readonly limit?: number;
  readonly all: boolean;
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'quarantine') as Command;
  command
    .argument('[action]', 'list (default), show or retry', 'list')
    .argument('[id...]', 'of records, as list shows them')
    .option('--source <name>', 'only records of this source')
    .addOption(new Option('--verdict <verdict>', 'only records with this verdict').choices(VERDICT_NAMES))
    .option('--limit <n>', 'list: the newest n', countOf)
    .option('--all', 'list: retried records too; retry: every record that the filters let through', false)
    .action(async (action: string, ids: string[]) => {
      await run(command, (io, flags) => start(io, flags, action, ids, command.opts<QuarantineFlags>()));
    });
}

function countOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number of records, 0 or more.');
  return Number(text);
}

async function start(
  io: Io,
  flags: GlobalFlags,
  action: string,
  ids: readonly string[],
  options: QuarantineFlags,
): Promise<ExitStatus> {
  switch (action) {
    case 'list':
      if (ids.length > 0) throw badArguments('list takes no ids', 'show and retry do', `fsc quarantine show ${ids[0]}`);
      return list(io, flags, options);
    case 'show':
      return show(io, flags, ids, options);
    case 'retry':
      return retry(io, flags, ids, options);
    default: {
      const near = suggest(action, ACTIONS);
      throw badArguments(
        `\`${action}\` is nothing that quarantine does`,
        'it lists, shows and retries',
        near === null ? 'write list, show ID or retry ID' : `did you mean \`${near}\`?`,
      );
    }
  }
}

function badArguments(message: string, why: string, help: string): FscError {
  return new FscError('FSC7001', 2, message, why, help);
}

function filterOf({ source = null, verdict = null }: { source?: string | null; verdict?: string | null }) {
  return { source, verdict };
}

async function list(io: Io, flags: GlobalFlags, options: QuarantineFlags): Promise<ExitStatus> {
  const all = keptEntries(loadProject(io, flags), filterOf(options));
  const wanted = options.all ? all : all.filter(({ state }) => state !== 'retried');
  const isJson = flags.format === 'json';
  const limit = options.limit ?? (isJson ? Number.POSITIVE_INFINITY : SHOWN);
  const shown = wanted.slice(Math.max(0, wanted.length - limit));
  if (isJson) for (const record of recordsOf(shown)) await writeOut(io.stdout, `${recordJson(record)}\n`);
  else if (shown.length > 0) await writeOut(io.stdout, tableOf([...recordsOf(shown)]));
  say(io, flags, closingLine(shown.length, wanted.length, all.length - wanted.length));
  return 0;
}

function closingLine(shown: number, wanted: number, retried: number): string {
  const more = retried === 0 ? '' : `, ${counted(retried, 'that was', 'that were')} retried not shown (--all)`;
  if (wanted === 0) return `nothing is in quarantine${more}`;
  const records = counted(wanted, 'record');
  return shown < wanted ? `the newest ${formatCount(shown)} of ${records} (--limit)${more}` : `${records}${more}`;
}

const REASON_WIDTH = 48;
const TEXT_WIDTH = 72;

function tableOf(records: readonly KeptRecord[]): string {
  const withState = records.some(({ state }) => state !== 'kept');
  const withPlace = records.some(({ place }) => isElsewhere(place));
  const optional = [...(withPlace ? ['place'] : []), ...(withState ? ['state'] : [])];
  const heading = ['source', 'id', 'verdict', ...optional, 'reason', 'text'];
  const lines = records.map(({ source, id, verdict, place, state, reason, text }) => [
    source,
    plainText(shownId(id)),
    verdict,
    ...(withPlace ? [placeText(place)] : []),
    ...(withState ? [state] : []),
    cutText(plainText(reason), REASON_WIDTH),
    cutText(plainText(text), TEXT_WIDTH),
  ]);
  return columnsOf([heading, ...lines])
    .map((line) => `${line}\n`)
    .join('');
}

async function show(io: Io, flags: GlobalFlags, ids: readonly string[], options: QuarantineFlags): Promise<ExitStatus> {
  if (ids.length === 0)
    throw badArguments('show takes the id of a record', 'list shows the ids', 'fsc quarantine list');
  const entries = keptEntries(loadProject(io, flags), filterOf(options));
  const found = ids.flatMap((id) => [...recordsOf([entryWithId(entries, id)])]);
  const texts = found.map((record) => (flags.format === 'json' ? `${recordJson(record)}\n` : listing(record)));
  await writeOut(io.stdout, texts.join(flags.format === 'json' ? '' : '\n'));
  return 0;
}

const STATES = {
  kept: 'kept',
  waiting: 'waiting: the next stream run takes it in again',
  retried: 'retried: what came of it is a record of its own',
} as const;

/** Its id does not tell where it stands. */
function isElsewhere({ partition, offset, origin }: KeptRecord['place']): boolean {
  return origin !== undefined && (origin.file !== partition || origin.row !== offset);
}

function placeText({ partition, offset, origin }: KeptRecord['place']): string {
  if (origin !== undefined) return `record ${formatCount(origin.row + 1)} of ${plainText(origin.file)}`;
  const name = partition === '-' ? 'stdin' : plainText(partition);
  return offset < 0 ? `one without an event time of ${name}` : `record ${formatCount(offset + 1)} of ${name}`;
}

function listing({ source, id, verdict, reason, place, knownTimeMicros, state, text }: KeptRecord): string {
  const pairs: [string, string][] = [
    ['source', source],
    ['id', plainText(shownId(id))],
    ['verdict', verdict],
    ['reason', plainText(reason)],
    ['place', placeText(place)],
    ['known', knownTimeMicros === null ? 'unknown' : printTimestamp(knownTimeMicros)],
    ['state', STATES[state]],
    ['text', plainText(text)],
  ];
  return pairLines(pairs);
}

interface Refusal {
  readonly record: KeptRecord;
  readonly why: string;
}

async function retry(
  io: Io,
  flags: GlobalFlags,
  ids: readonly string[],
  options: QuarantineFlags,
): Promise<ExitStatus> {
  if (options.all === ids.length > 0) {
    throw badArguments(
      options.all ? '--all takes no ids' : 'retry takes ids, or --all',
      'list shows what there is',
      'fsc quarantine retry ID, or fsc quarantine retry --all --verdict ahead',
    );
  }
  const opened = await openProgram(io, flags);
  if (opened === null) return 1;
  const { project, program } = opened;
  const entries = keptEntries(project, filterOf(options));
  const chosen = options.all
    ? entries.filter(({ state }) => state === 'kept')
    : [...new Set(ids.map((id) => entryWithId(entries, id)))];
  const wanted = await requestsOf(program, project.root, chosen);
  const folder = retriesFolder(project);
  for (const [source, requests] of wanted.requests) requestRetries(folder, source, requests);
  await tellRetries(io, flags, wanted);
  return wanted.refused.length === 0 ? 0 : 1;
}

interface Wanted {
  /** By source. */
  readonly requests: Map<string, RetryRequest[]>;
  readonly refused: Refusal[];
  /** Some of the records stand in files, which only `--rebuild` judges anew. */
  fromFiles: boolean;
  /** Records beyond what is tried again at once. */
  left: number;
}

/** Texts that are tried again at once. */
const MOST_BYTES = 64 << 20;

async function requestsOf(program: Program, root: string, entries: readonly KeptEntry[]): Promise<Wanted> {
  const headers = new Headers(root);
  const wanted: Wanted = { requests: new Map(), refused: [], fromFiles: false, left: entries.length };
  let bytes = 0;
  for (const record of recordsOf(entries)) {
    if (bytes > MOST_BYTES) break;
    wanted.left -= 1;
    const why = await request(program, headers, record, wanted.requests);
    if (why !== null) wanted.refused.push({ record, why });
    bytes += why === null ? record.text.length : 0;
    const { place, state } = record;
    if (state !== 'retried' && /\.(jsonl|csv|parquet)(\.gz)?$/i.test(place.partition)) wanted.fromFiles = true;
  }
  return wanted;
}

/** null: it is asked for; else why it can't be. */
async function request(
  program: Program,
  headers: Headers,
  record: KeptRecord,
  requests: Map<string, RetryRequest[]>,
): Promise<string | null> {
  const spec = program.sources.find((candidate) => candidate.spec.name === record.source)?.spec;
  if (record.state === 'retried') return 'it was tried again already';
  if (spec === undefined) return `the project has no source \`${record.source}\` any more`;
  const text = retryText(spec, record, await headers.of(fileOf(record.place)));
  if (!text.ok) return text.why;
  const ofSource = requests.get(record.source) ?? [];
  requests.set(record.source, ofSource);
  ofSource.push({ id: record.id, text: text.line });
  return null;
}

/** Of the CSV files that records came from. */
class Headers {
  readonly #root: string;
  readonly #known = new Map<string, readonly string[] | null>();

  constructor(root: string) {
    this.#root = root;
  }

  /** null: it is no CSV file, or gone. */
  async of(name: string): Promise<readonly string[] | null> {
    if (!/\.csv(\.gz)?$/i.test(name)) return null;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const header = await this.#read(name);
    this.#known.set(name, header);
    return header;
  }

  async #read(name: string): Promise<readonly string[] | null> {
    try {
      return await readHeader({ name, path: resolve(this.#root, name) });
    } catch (error) {
      if (!(error instanceof FscError)) throw error;
      return null;
    }
  }
}

/** The first of many; `--format json` has all. */
const NAMED_IDS = 3;

/** One line for all records of a source that can't be tried again for one reason. */
function refusalLines(refused: readonly Refusal[]): string[] {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refused) {
    const key = JSON.stringify([refusal.record.source, refusal.why]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [refusal]);
    else group.push(refusal);
  }
  return [...groups.values()].map((group) => {
    const [{ record, why }] = group as [Refusal, ...Refusal[]];
    const ids = group.slice(0, NAMED_IDS).map((refusal) => plainText(shownId(refusal.record.id)));
    if (group.length === 1) return `${ids[0]} of ${record.source}: ${plainText(why)}`;
    const more = group.length > NAMED_IDS ? ', …' : '';
    return `${formatCount(group.length)} records of ${record.source}: ${plainText(why)} (${ids.join(', ')}${more})`;
  });
}

async function tellRetries(io: Io, flags: GlobalFlags, { requests, refused, fromFiles, left }: Wanted): Promise<void> {
  const waiting = [...requests].flatMap(([source, wanted]) => wanted.map(({ id }) => ({ source, id: shownId(id) })));
  if (flags.format === 'json') {
    const cannot = refused.map(({ record, why }) => ({ source: record.source, id: shownId(record.id), why }));
    await writeOut(io.stdout, `${JSON.stringify({ waiting, refused: cannot })}\n`);
    return;
  }
  for (const line of refusalLines(refused)) say(io, flags, line);
  const records = counted(waiting.length, 'record waits', 'records wait');
  say(
    io,
    flags,
    waiting.length === 0
      ? 'nothing to try again'
      : `${records}: the next fsc run --mode stream takes ${plural(waiting.length, 'it in as a new one', 'them in as new ones')}`,
  );
  if (left > 0)
    say(
      io,
      flags,
      `${counted(left, 'record is', 'records are')} left for the next retry: so many are tried again at once`,
    );
  if (waiting.length > 0 && fromFiles) {
    say(
      io,
      flags,
      `by the same rules ${plural(waiting.length, 'it is', 'they are')} refused again: where the declaration changes, fsc run --mode stream --rebuild judges every record of a file anew`,
    );
  }
}
