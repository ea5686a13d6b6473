/** The flags of `fsc dataset`, checked before anything is read. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FileFormat } from '../../runtime/sources/location.ts';
import { wallClock } from '../../runtime/time/clock.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { KnownTo } from '../final.ts';
import { parseAsOf, parseInstant } from '../instant.ts';
import type { NumberFormat } from '../result-rows.ts';

/** As commander gives them. */
export interface DatasetFlags {
  readonly labels?: string;
  readonly entities?: string;
  readonly asOf?: string;
  readonly view: readonly string[];
  readonly out: string;
  readonly instant: string;
  readonly ties?: 'include' | 'exclude';
  readonly knownTo?: string;
  readonly allowOpen: boolean;
  readonly requireFinal: boolean;
  readonly qualified: boolean;
  readonly timezone?: string;
  readonly engine: 'replay' | 'duckdb' | 'postgres';
  readonly source?: readonly string[];
  readonly completeTo?: string;
  readonly maxExpressionErrors?: number;
  readonly numbers: NumberFormat;
}

/** Where the labels are. */
export interface LabelPlace {
  /** As the user wrote it. */
  readonly name: string;
  readonly path: string;
  readonly format: FileFormat | 'sql';
}

export interface DatasetOptions {
  readonly place: LabelPlace;
  /** The instants' column; null: `--entities`, all at `asOf`. */
  readonly instant: string | null;
  /** T of cli.md; with `--entities`. */
  readonly asOf: string;
  /** Each once. */
  readonly views: readonly string[];
  readonly out: string;
  /** null: not decided. */
  readonly ties: 'include' | 'exclude' | null;
  readonly knownTo: KnownTo;
  readonly allowOpen: boolean;
  /** Labels that are not final are a reason to come back, not a fault. */
  readonly requireFinal: boolean;
  readonly qualified: boolean;
  readonly timeZone: string | null;
  readonly engine: 'replay' | 'duckdb' | 'postgres';
  readonly sources: readonly string[];
  readonly completeToMicros: number | null;
  readonly maxExpressionErrors: number | null;
  readonly numbers: NumberFormat;
}

export function readOptions(cwd: string, flags: DatasetFlags): DatasetOptions {
  const { labels, entities } = flags;
  if (labels !== undefined && entities !== undefined)
    throw misfit(
      '--labels and --entities',
      'labels have an instant each, entities have one for all',
      'give one of them',
    );
  const file = labels ?? entities;
  if (file === undefined)
    throw misfit('no labels', 'nothing says which rows to make', 'give --labels FILE, or --entities FILE --as-of T');
  const isEntities = entities !== undefined;
  refuseMisfits(flags, isEntities);
  return {
    place: placeOf(cwd, file),
    instant: isEntities ? null : flags.instant,
    asOf: flags.asOf ?? 'now',
    views: [...new Set(flags.view)],
    out: flags.out,
    // Values at T are those that `get` and `run` give: T is not an event's.
    ties: flags.ties ?? (isEntities ? 'include' : null),
    knownTo: knownToOf(flags.knownTo),
    allowOpen: flags.allowOpen,
    requireFinal: flags.requireFinal,
    qualified: flags.qualified,
    timeZone: flags.timezone ?? null,
    engine: engineOf(flags),
    sources: flags.source ?? [],
    completeToMicros: flags.completeTo === undefined ? null : parseInstant(flags.completeTo, wallClock.nowMicros),
    maxExpressionErrors: flags.maxExpressionErrors ?? null,
    numbers: flags.numbers,
  };
}

function misfit(what: string, why: string, help: string | null): FscError {
  return new FscError('FSC7001', 2, what, why, help);
}

function refuseMisfits(flags: DatasetFlags, isEntities: boolean): void {
  if (!isEntities && flags.asOf !== undefined)
    throw misfit('--as-of does not go with --labels', 'each label has its own instant', 'leave it out');
  if (isEntities && flags.timezone !== undefined)
    throw misfit('--timezone does not go with --entities', 'the one instant is --as-of', 'give it with an offset');
  if (isEntities && flags.asOf !== undefined && flags.asOf !== 'now') parseAsOf(flags.asOf, wallClock.nowMicros);
}

function engineOf({ engine, maxExpressionErrors }: DatasetFlags): DatasetFlags['engine'] {
  if (engine !== 'replay' && maxExpressionErrors !== undefined) {
    throw misfit(
      `--max-expression-errors does not go with --engine ${engine}`,
      'databases give NULL where an expression fails and do not count them',
      'leave one of them out',
    );
  }
  return engine;
}

function knownToOf(text: string | undefined): KnownTo {
  if (text === undefined) return { kind: 'all' };
  if (text === 'label') return { kind: 'label' };
  return { kind: 'T', micros: parseInstant(text, wallClock.nowMicros) };
}

function placeOf(cwd: string, name: string): LabelPlace {
  const match = /\.(parquet|csv|jsonl|sql)(\.gz)?$/.exec(name);
  const format = match?.[1] as LabelPlace['format'] | undefined;
  const isPacked = match?.[2] !== undefined;
  if (format === undefined || (isPacked && (format === 'parquet' || format === 'sql'))) {
    throw misfit(
      `cannot tell the format of \`${name}\``,
      'labels end in .parquet, .csv, .jsonl (also .gz), or .sql for a query over the project',
      'rename the file, or convert it',
    );
  }
  const path = resolve(cwd, name);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new FscError('FSC7102', 2, `no file matches \`${name}\``, `there is no file ${path}`, 'check the path');
  }
  return { name, path, format };
}
