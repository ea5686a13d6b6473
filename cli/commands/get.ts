import { type Command, Option } from 'commander';
import { keyColumns, type OutputColumn, outputColumns } from '../../runtime/serving/key-columns.ts';
import {
  type Answer,
  type AnswerMeta,
  type ClockMode,
  createLookup,
  isNotOnline,
  type Lookup,
  type NotOnline,
  needsNoStore,
} from '../../runtime/serving/lookup.ts';
import { beforeRow } from '../../runtime/serving/view-reader.ts';
import type { ViewProgram } from '../../runtime/state/program.ts';
import { MemoryStore } from '../../runtime/stores/memory-store.ts';
import { REACH_BACK_MICROS } from '../../runtime/stores/row-builder.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { compareValues } from '../../runtime/values/order.ts';
import { printTimestamp } from '../../runtime/values/temporal.ts';
import type { Value } from '../../runtime/values/types.ts';
import type { CommandRunner } from '../cli.ts';
import { parseAsOf } from '../instant.ts';
import { type GlobalFlags, type Io, writeOut } from '../io.ts';
import { readPairs } from '../keys.ts';
import { openProgram } from '../open-program.ts';
import { jsonRow, type NumberFormat, numbersOption, pairLines, plainList, plainTable } from '../result-rows.ts';
import { openStore } from '../store.ts';
import { viewNamed } from '../view-named.ts';

interface GetOptions {
  readonly asOf: string;
  readonly all: boolean;
  readonly meta: boolean;
  readonly numbers: NumberFormat;
}

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'get') as Command;
  command
    .argument('<view>', 'such as airport_delays_v1')
    .argument('[key=value...]', "the entity's columns; of a request view, the request's")
    .addOption(new Option('--as-of <T>', 'the instant').default('now'))
    .option('--all', 'every entity that has a row', false)
    .option('--meta', 'with validity and staleness', false)
    .addOption(numbersOption())
    .action(async (view: string, pairs: string[]) => {
      await run(command, (io, flags) => get(io, flags, view, pairs, command.opts<GetOptions>()));
    });
}

async function get(io: Io, flags: GlobalFlags, name: string, pairs: string[], options: GetOptions): Promise<number> {
  const at = options.asOf === 'now' ? null : parseAsOf(options.asOf, wallClock.nowMicros);
  const opened = await openProgram(io, flags);
  if (opened === null) return 1;
  const { project, program } = opened;
  const view = viewNamed(program, name);
  const keys = options.all ? noPairs(pairs) : readPairs(name, pairs, keyColumns(view.spec, program.sources));
  const store = needsNoStore(view) ? new MemoryStore() : await openStore(project, true);
  try {
    const { clock, namespace } = project.config;
    const lookup = createLookup({ views: program.views, store, clock: wallClock, clockMode: clock, namespace });
    const answers = keys === null ? await allRows(lookup, view, at, clock) : [await lookup.get(name, keys, at)];
    await writeOut(io.stdout, print(outputColumns(view.spec), answers, flags, options));
    return 0;
  } finally {
    await store.close();
  }
}

function noPairs(pairs: readonly string[]): null {
  if (pairs.length === 0) return null;
  throw new FscError('FSC7006', 2, '--all takes no keys', `\`${pairs[0]}\` names one entity`, 'leave one of them out');
}

/** In order of the key. */
async function allRows(
  lookup: Lookup,
  view: ViewProgram,
  at: number | null,
  clock: ClockMode,
): Promise<readonly Answer[]> {
  const { name, entity } = view.spec;
  const found: { readonly keys: readonly Value[]; readonly answer: Answer }[] = [];
  let latest: NotOnline | null = null;
  for await (const { keys, answer } of lookup.scanAll(name, at)) {
    if (!isNotOnline(answer)) {
      if (answer.row !== null) found.push({ keys, answer });
    } else if (latest === null || answer.fromMicros > latest.fromMicros) latest = answer;
  }
  if (latest !== null) {
    if (at !== null || clock === 'wall') throw beforeRow(name, latest, at === null);
    // A flush is under way whose rows are ahead of the heartbeat: they tell a newer now (as lookups do).
    return allRows(lookup, view, latest.fromMicros + REACH_BACK_MICROS, clock);
  }
  found.sort((a, b) => {
    for (let i = 0; i < entity.length; i++) {
      const [x, y] = [a.keys[i], b.keys[i]];
      if (x === null || x === undefined || y === null || y === undefined) continue; // keys are never NULL
      const order = compareValues((entity[i] as (typeof entity)[number]).type, x, y);
      if (order !== 0) return order;
    }
    return 0;
  });
  return found.map(({ answer }) => answer);
}

function print(
  columns: readonly OutputColumn[],
  answers: readonly Answer[],
  flags: GlobalFlags,
  options: GetOptions,
): string {
  if (flags.format === 'json') return answers.map((answer) => `${jsonAnswer(columns, answer, options)}\n`).join('');
  if (!options.all) return answers.map((answer) => plainAnswer(columns, answer, options.meta)).join('');
  if (!options.meta)
    return plainTable(
      columns,
      answers.map(({ row }) => row ?? []),
    );
  return answers.map((answer) => plainAnswer(columns, answer, true)).join('\n');
}

function jsonAnswer(columns: readonly OutputColumn[], { row, meta }: Answer, options: GetOptions): string {
  const text = row === null ? 'null' : jsonRow(columns, row, options.numbers);
  if (!options.meta) return text;
  const fields = metaFields(meta).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{"row":${text},${fields.join(',')}}`;
}

function plainAnswer(columns: readonly OutputColumn[], { row, meta }: Answer, withMeta: boolean): string {
  const text = row === null ? 'null\n' : plainList(columns, row);
  return withMeta ? `${text}\n${pairLines(metaFields(meta).map(([name, value]) => [name, String(value)]))}` : text;
}

function metaFields(meta: AnswerMeta): readonly (readonly [string, string | boolean | null])[] {
  return [
    ['asOf', printTimestamp(meta.asOf)],
    ['exact', meta.exact],
    ['knownTo', instantOrNull(meta.knownTo)],
    ['validFrom', instantOrNull(meta.validFrom)],
    ['validTo', instantOrNull(meta.validTo)],
  ];
}

function instantOrNull(micros: number | null): string | null {
  return micros === null ? null : printTimestamp(micros);
}
