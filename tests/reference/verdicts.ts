/** The verdict on each line of a file, decided in reading order. */
import type { Cell, ColumnSpec, LogLine, Row, SourceSpec, Value, Verdict } from '../generators/view-spec.ts';
import { compare, evaluateExpr, lift, newNotes } from './expressions.ts';
import { daysFromCivil, pow10 } from './values.ts';

const FIRST_DAY = 0n;
const LAST_DAY = daysFromCivil(2200, 1, 1);
const DAY = 86_400_000_000n;

const fits = (value: Value, column: ColumnSpec): boolean => {
  const { type } = column;
  switch (type.kind) {
    case 'smallint':
      return typeof value === 'bigint' && value >= -(1n << 15n) && value < 1n << 15n;
    case 'integer':
      return typeof value === 'bigint' && value >= -(1n << 31n) && value < 1n << 31n;
    case 'bigint':
      return typeof value === 'bigint' && value >= -(1n << 63n) && value < 1n << 63n;
    case 'decimal':
      return typeof value === 'bigint' && (value < 0n ? -value : value) < pow10(type.precision);
    case 'real':
    case 'double':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return (
        typeof value === 'string' &&
        !value.includes('\0') &&
        [...value].every((c) => !(c >= '\ud800' && c <= '\udfff' && c.length === 1)) &&
        (type.max === undefined || [...value].length <= type.max)
      );
    default:
      return typeof value === 'bigint';
  }
};

const valueOfCell = (cell: Cell | undefined, column: ColumnSpec): Value | undefined => {
  if (cell === undefined) return column.fallback === undefined ? null : (column.fallback.value as Value);
  if ('bad' in cell) return undefined;
  return cell.value;
};

/** The record of a line; null if it is malformed. */
export const decode = (line: LogLine, source: SourceSpec): Row | null => {
  if (line.kind === 'poison') return null;
  const row: Record<string, Value> = {};
  for (const column of source.columns) {
    const value = valueOfCell(line.cells[column.name], column);
    if (value === undefined) return null;
    if (value === null ? column.notNull : !fits(value, column)) return null;
    row[column.name] = Object.is(value, -0) ? 0 : value;
  }
  return row;
};

const breaksConstraint = (row: Row, source: SourceSpec): boolean =>
  source.columns.some((c) => {
    if (c.check === undefined) return false;
    const scope = {
      t: 0n,
      notes: newNotes(),
      column: (name: string) => lift(row[name] ?? null),
      aggregate: () => null,
    };
    // SQL: a constraint that is NULL holds.
    return evaluateExpr(c.check, scope) === false;
  });

const outOfRange = (row: Row, source: SourceSpec): boolean =>
  source.columns.some((c) => {
    const value = row[c.name];
    if (typeof value !== 'bigint') return false;
    if (c.type.kind === 'date') return value < FIRST_DAY || value >= LAST_DAY;
    if (c.type.kind === 'timestamp' || c.type.kind === 'timestamptz') return value < 0n || value >= LAST_DAY * DAY;
    return false;
  });

const MINUTE = 60_000_000n;

/** Of a live source: too far ahead of the time at which the record was known. */
const isAhead = (row: Row, source: SourceSpec): boolean => {
  if (source.knownAt === undefined) return false;
  const { lateness } = source;
  const allowed = source.maxAhead?.micros ?? (lateness.micros < MINUTE ? lateness.micros : MINUTE);
  return (row[source.eventTime] as bigint) > source.knownAt + allowed;
};

const identity = (row: Row, source: SourceSpec): string | null =>
  source.key.length === 0
    ? null
    : JSON.stringify([source.eventTime, ...source.key].map((name) => [typeof row[name], String(row[name])]));

type Judged = { readonly verdict: Verdict; readonly row: Row | null };

/** By source and line: the first lines of a log are judged again and again. */
const judgedAlone = new WeakMap<SourceSpec, WeakMap<LogLine, Judged>>();

const alone = (line: LogLine, source: SourceSpec): Judged => {
  let ofSource = judgedAlone.get(source);
  if (ofSource === undefined) {
    ofSource = new WeakMap();
    judgedAlone.set(source, ofSource);
  }
  let judged = ofSource.get(line);
  if (judged === undefined) {
    judged = judgeAlone(line, source);
    ofSource.set(line, judged);
  }
  return judged;
};

/** Verdict of a line by itself. */
const judgeAlone = (line: LogLine, source: SourceSpec): Judged => {
  if (isForeign(line, source)) return { verdict: 'skipped', row: null };
  const row = decode(line, source);
  if (row === null) return { verdict: 'malformed', row };
  if (breaksConstraint(row, source)) return { verdict: 'constraint', row };
  if (outOfRange(row, source)) return { verdict: 'range', row };
  if (isAhead(row, source)) return { verdict: 'ahead', row };
  return { verdict: 'accepted', row };
};

/** @only says that the record is none of the source's; it can't say so of a field that is wrong. */
const isForeign = (line: LogLine, source: SourceSpec): boolean => {
  const { only } = source;
  if (only === undefined || line.kind === 'poison') return false;
  let isWrong = false;
  const scope = {
    t: 0n,
    notes: newNotes(),
    column: (name: string) => {
      const column = source.columns.find((c) => c.name === name)!;
      const value = valueOfCell(line.cells[name], column);
      if (value === undefined || (value !== null && !fits(value, column))) isWrong = true;
      return lift(value ?? null);
    },
    aggregate: () => null,
  };
  return evaluateExpr(only, scope) !== true && !isWrong;
};

const MARGIN = 5_000_000n;

/** Newest event times by partition, and the settle line over them (rules.md 6), which never goes back. */
class Newest {
  readonly #lateness: bigint;
  readonly #newest = new Map<unknown, bigint>();
  #line: bigint | null = null;

  constructor(lateness: bigint) {
    this.#lateness = lateness;
  }

  isLate(partition: unknown, time: bigint): boolean {
    const newest = this.#newest.get(partition);
    if (newest !== undefined && time < newest - this.#lateness) return true;
    return this.#line !== null && time < this.#line;
  }

  accept(partition: unknown, time: bigint): void {
    const newest = this.#newest.get(partition);
    if (newest === undefined || time > newest) this.#newest.set(partition, time);
    const [first, ...others] = [...this.#newest.values()] as [bigint, ...bigint[]];
    let least = first;
    for (const other of others) if (other < least) least = other;
    const line = least - this.#lateness - MARGIN;
    if (this.#line === null || line > this.#line) this.#line = line;
  }
}

/** Verdict and record of each line, in the file's order. */
export const judge = (log: readonly LogLine[], source: SourceSpec): Judged[] => {
  const judged = log.map((line) => ({ ...alone(line, source) }));
  const sound = judged.filter((j) => j.verdict === 'accepted');
  if (source.order === 'none') sound.sort((a, b) => readingOrder(a.row!, b.row!, source));
  const seen = new Set<string>();
  const newest = new Newest(source.lateness.micros);
  for (const record of sound) {
    const row = record.row!;
    const time = row[source.eventTime] as bigint;
    const partition = source.partition === undefined ? '' : row[source.partition];
    if (source.order === 'arrival' && newest.isLate(partition, time)) {
      record.verdict = 'late';
      continue;
    }
    const id = identity(row, source);
    if (id !== null && seen.has(id)) {
      record.verdict = 'duplicate';
      continue;
    }
    if (id !== null) seen.add(id);
    newest.accept(partition, time);
  }
  return judged;
};

/** (event time, key), else the position: the sort is stable. */
const readingOrder = (a: Row, b: Row, source: SourceSpec): number => {
  for (const name of [source.eventTime, ...source.key]) {
    const { type } = source.columns.find((c) => c.name === name)!;
    const c = compare(lift(a[name]!), type, lift(b[name]!), type, newNotes());
    if (c !== 0) return c;
  }
  return 0;
};

export const verdicts = (log: readonly LogLine[], source: SourceSpec): Verdict[] =>
  judge(log, source).map((j) => j.verdict);

export const accepted = (log: readonly LogLine[], source: SourceSpec): Row[] =>
  judge(log, source).flatMap((j) => (j.verdict === 'accepted' ? [j.row!] : []));
