/**
 * date_trunc, extract, and arithmetic of instants, dates and intervals. Instants beyond ±(2^53−1) µs, dates outside the years 1 to 9999
 * and intervals beyond `isInterval` (moves.ts) are NULL.
 */
import { negateInterval } from '../values/interval.ts';
import {
  addMonthsToDays,
  civilFromDays,
  daysFromCivil,
  instantInRange,
  microsToDays,
  TEMPORAL_UNITS,
  type TemporalUnit,
  truncMicros,
} from '../values/temporal.ts';
import {
  type IntervalValue,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type SqlType,
} from '../values/types.ts';
import type { CallTypes, ConstantArg, Dialect, Resolution, ScalarFunction, SqlForm } from './definition.ts';
import {
  duckdbMoved,
  INTERVAL_DAYS,
  INTERVAL_HOURS,
  INTERVAL_MONTHS,
  isInReach,
  MOST_DAYS,
  MOST_MONTHS,
  sumOfIntervals,
  timesInterval,
} from './moves.ts';
import {
  always,
  arg,
  DATE,
  DOUBLE,
  duckTimestampRange,
  INTEGER,
  INTERVAL,
  isInstant,
  isInteger,
  isTemporal,
  never,
  noSuch,
  postgresTimestampRange,
  rejected,
  resolved,
  TEXT,
  TIMESTAMP,
  typeAt,
} from './support.ts';

const TIME_KINDS = ['date', 'timestamp', 'timestamptz', 'interval'] as const;
const WHOLE_KINDS = ['smallint', 'integer'] as const;

export const dateTrunc: ScalarFunction = {
  kind: 'scalar',
  name: 'date_trunc',
  spellings: [{ fn: 'date_trunc' }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args, constants) => {
    const unit = constants[0];
    if (typeof unit !== 'string' || !TEMPORAL_UNITS.includes(unit as TemporalUnit)) {
      return rejected(
        'the unit of date_trunc is not one of the known units',
        `the databases share ${TEMPORAL_UNITS.join(', ')}`,
        "write it as a literal: `date_trunc('hour', x)`",
        'FSC3014',
        0,
      );
    }
    const type = args[1] as SqlType;
    if (type.kind === 'date')
      return rejected(
        'date_trunc of a date',
        'DuckDB gives a timestamp, Postgres one with a zone',
        "cast it first: `date_trunc('month', CAST(d AS timestamp))`",
      );
    return isInstant(type) ? resolved([TEXT, type], type) : noSuch('date_trunc', args, 'a unit and a timestamp');
  },
  strict: true,
  canFail: always,
  semantics: 1,
  sql: {
    // The CASE also keeps DuckDB 1.5 from rewriting a comparison with a constant, which forgets NULL.
    duckdb: (a, types) => truncSql(a, types),
    postgres: (a, types) => truncSql(a, types),
  },
  js: (a) => `k.instantInRange(k.truncMicros(${arg(a, 0)}, ${arg(a, 1)}))`,
  kernels: { truncMicros: truncMicros as (unit: TemporalUnit, micros: number) => number },
  domain: [['text'], ['timestamp', 'timestamptz']],
  doc: {
    summary: 'the start of the unit that holds the instant; weeks begin on Monday',
    calls: ["date_trunc('unit', x)"],
    types: `a timestamp (with or without time zone) gives its own type; units: ${TEMPORAL_UNITS.join(', ')}`,
    examples: [{ sql: "date_trunc('week', TIMESTAMP '2024-01-07 10:00')", value: '2024-01-01 00:00:00' }],
  },
};

/** The start of the least instant's own unit is no instant any more. */
function truncSql(a: readonly string[], types: CallTypes): string {
  const local = isZoned(types) ? `(${arg(a, 1)} AT TIME ZONE 'UTC')` : arg(a, 1);
  const start = `date_trunc(${arg(a, 0)}, ${local})`;
  const ranged = `(CASE WHEN ${start} >= TIMESTAMP '1684-07-28 00:12:25.259009' THEN ${start} END)`;
  return isZoned(types) ? `(${ranged} AT TIME ZONE 'UTC')` : ranged;
}

function isZoned(types: CallTypes): boolean {
  return typeAt(types, types.args.length - 1).kind === 'timestamptz';
}

const INSTANT_FIELDS = [
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'epoch',
  'dow',
  'isodow',
  'doy',
  'isoyear',
] as const;
/** Postgres has no hour of a date. */
const DATE_FIELDS = INSTANT_FIELDS.filter((field) => field !== 'hour' && field !== 'minute');
const INTERVAL_FIELDS = ['epoch', 'day', 'hour', 'minute', 'month', 'year'] as const;

function resolvePart(args: readonly SqlType[], constants: readonly unknown[]): Resolution {
  const field = constants[0];
  const type = args[1] as SqlType;
  if (field === 'second' || field === 'seconds' || field === 'millisecond' || field === 'microsecond') {
    return rejected(
      `extract(${String(field)}) is not portable`,
      'DuckDB cuts the fraction off, Postgres keeps it',
      "use extract(epoch FROM x - date_trunc('minute', x))",
      'FSC3015',
      0,
    );
  }
  const fields: readonly string[] =
    type.kind === 'interval' ? INTERVAL_FIELDS : type.kind === 'date' ? DATE_FIELDS : INSTANT_FIELDS;
  if (!isTemporal(type) && type.kind !== 'interval')
    return noSuch('extract', args.slice(1), 'a timestamp, date or interval');
  if (typeof field !== 'string' || !fields.includes(field)) {
    return rejected(
      `extract does not know the field \`${String(field)}\``,
      `for ${type.kind} there are ${fields.join(', ')}`,
      'write one of them',
      'FSC3014',
      0,
    );
  }
  // DuckDB computes the epoch of a timestamptz from its seconds and microseconds apart, and rounds twice.
  return resolved([TEXT, type], DOUBLE, field === 'epoch' && type.kind === 'timestamptz' ? 'double' : 'exact');
}

function partOfInstant(field: string, micros: number): number {
  const days = microsToDays(micros);
  const time = micros - days * MICROS_PER_DAY;
  switch (field) {
    case 'epoch':
      return micros / MICROS_PER_SECOND;
    case 'hour':
      return Math.floor(time / MICROS_PER_HOUR);
    case 'minute':
      return Math.floor(time / MICROS_PER_MINUTE) % 60;
    default:
      return partOfDate(field, days);
  }
}

function partOfDate(field: string, days: number): number {
  const { year, month, day } = civilFromDays(days);
  switch (field) {
    case 'year':
      return year;
    case 'quarter':
      return Math.floor((month + 2) / 3);
    case 'month':
      return month;
    case 'day':
      return day;
    case 'dow':
      return (((days + 4) % 7) + 7) % 7;
    case 'isodow':
      return ((((days + 3) % 7) + 7) % 7) + 1;
    case 'doy':
      return days - daysFromCivil(year, 1, 1) + 1;
    case 'week':
      return isoWeek(days).week;
    case 'isoyear':
      return isoWeek(days).year;
    default:
      return days * 86400; // epoch
  }
}

function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - ((((days + 3) % 7) + 7) % 7) + 3;
  const { year } = civilFromDays(thursday);
  return { year, week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1 };
}

/** What is cut off just below zero would be −0. */
function partOfInterval(field: string, value: IntervalValue): number {
  return signedPart(field, value) + 0;
}

/** Years of 365.25 days and months of 30, as both databases count an interval's epoch. */
function signedPart(field: string, value: IntervalValue): number {
  const years = Math.trunc(value.months / 12);
  switch (field) {
    case 'epoch':
      return years * 31557600 + (value.months % 12) * 2592000 + value.days * 86400 + value.micros / MICROS_PER_SECOND;
    case 'year':
      return years;
    case 'month':
      return value.months % 12;
    case 'day':
      return value.days;
    case 'hour':
      return Math.trunc(value.micros / MICROS_PER_HOUR);
    default:
      return Math.trunc(value.micros / MICROS_PER_MINUTE) % 60;
  }
}

const partSql: SqlForm = (a, types) => {
  const source = typeAt(types, 1).kind === 'timestamptz' ? `(${arg(a, 1)} AT TIME ZONE 'UTC')` : arg(a, 1);
  return `CAST(date_part(${arg(a, 0)}, ${source}) AS double precision)`;
};

/** As DuckDB and the kernel round: whole seconds, and the rest. */
function postgresEpoch(interval: string): string {
  const part = (name: string): string => `extract(${name} FROM ${interval})`;
  const seconds = `${part('year')} * 31557600 + ${part('month')} * 2592000 + ${part('day')} * 86400`;
  const micros = `(${part('hour')} * 3600 + ${part('minute')} * 60) * 1000000 + ${part('microsecond')}`;
  return `(CAST(${seconds} AS double precision) + CAST(${micros} AS double precision) / 1000000)`;
}

export const datePart: ScalarFunction = {
  kind: 'scalar',
  name: 'date_part',
  spellings: [{ fn: 'date_part' }, { fn: 'extract' }],
  minArgs: 2,
  maxArgs: 2,
  resolve: resolvePart,
  strict: true,
  canFail: never,
  semantics: 1,
  sql: {
    duckdb: partSql,
    postgres: (a, types) =>
      typeAt(types, 1).kind === 'interval' && arg(a, 0) === "'epoch'" ? postgresEpoch(arg(a, 1)) : partSql(a, types),
  },
  js: (a, types) => {
    const kind = typeAt(types, 1).kind;
    const kernel = kind === 'interval' ? 'partOfInterval' : kind === 'date' ? 'partOfDate' : 'partOfInstant';
    return `k.${kernel}(${arg(a, 0)}, ${arg(a, 1)})`;
  },
  kernels: { partOfInterval, partOfDate, partOfInstant },
  domain: [['text'], TIME_KINDS],
  doc: {
    summary: 'a field of an instant, date or interval, as double',
    calls: ['extract(field FROM x)', "date_part('field', x)"],
    types: `of instants: ${INSTANT_FIELDS.join(', ')} (of dates no hour and minute); of intervals: ${INTERVAL_FIELDS.join(', ')}; gives a double`,
    examples: [
      { sql: "extract(hour FROM TIMESTAMP '2001-01-01 10:30')", value: '10' },
      { sql: "extract(epoch FROM INTERVAL '90 minutes')", value: '5400' },
      { sql: "extract(isodow FROM DATE '2001-01-07')", value: '7' },
    ],
  },
};

function instantPlus(micros: number, interval: IntervalValue): number | null {
  const days = microsToDays(micros);
  return moved(days, micros - days * MICROS_PER_DAY, interval);
}
function instantMinus(micros: number, interval: IntervalValue): number | null {
  return instantPlus(micros, negateInterval(interval));
}
/** A date plus an interval is a timestamp. */
function datePlus(days: number, interval: IntervalValue): number | null {
  return moved(days, 0, interval);
}
function dateMinus(days: number, interval: IntervalValue): number | null {
  return datePlus(days, negateInterval(interval));
}

/** Months first, then days, then microseconds; days and the time of day are kept apart, since their sum may be no safe integer on the way. */
function moved(days: number, timeOfDay: number, by: IntervalValue): number | null {
  if (!isInReach(by)) return null;
  const rest = by.micros % MICROS_PER_DAY;
  const time = timeOfDay + rest;
  const day =
    (by.months === 0 ? days : addMonthsToDays(days, by.months)) + by.days + (by.micros - rest) / MICROS_PER_DAY;
  return instantInRange(day * MICROS_PER_DAY + time);
}

/** Days and a rest of the same sign, as both databases give it. */
function instantDifference(a: number, b: number): IntervalValue {
  const [dayA, dayB] = [microsToDays(a), microsToDays(b)];
  let days = dayA - dayB;
  let micros = a - dayA * MICROS_PER_DAY - (b - dayB * MICROS_PER_DAY);
  if (days > 0 && micros < 0) {
    days -= 1;
    micros += MICROS_PER_DAY;
  } else if (days < 0 && micros > 0) {
    days += 1;
    micros -= MICROS_PER_DAY;
  }
  return { months: 0, days: noMinusZero(days), micros: noMinusZero(micros) };
}

function noMinusZero(value: number): number {
  return value === 0 ? 0 : value;
}

/** 0001-01-01 and 9999-12-31: what both databases print and read alike. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;
function shiftDate(days: number, by: number): number | null {
  const sum = days + by;
  return sum >= FIRST_DAY && sum <= LAST_DAY ? sum : null;
}

function resolvePlus(args: readonly SqlType[], constants: readonly ConstantArg[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  const moved = a.kind === 'interval' ? b : a;
  if (moved.kind === 'timestamptz' && constants.some((constant) => isBackAndMixed(constant, 1)))
    return backAndMixed(moved === a ? 1 : 0);
  if (a.kind === 'interval' && isTemporal(b)) return resolved([a, b], b.kind === 'date' ? TIMESTAMP : b);
  if (isTemporal(a) && b.kind === 'interval') return resolved([a, b], a.kind === 'date' ? TIMESTAMP : a);
  if (a.kind === 'interval' && b.kind === 'interval') return resolved([a, b], INTERVAL);
  if (a.kind === 'date' && isInteger(b) && b.kind !== 'bigint') return resolved([a, INTEGER], DATE);
  if (b.kind === 'date' && isInteger(a) && a.kind !== 'bigint') return resolved([INTEGER, b], DATE);
  return noSuch('+', args, 'numbers, an instant and an interval, or a date and an integer');
}

function resolveMinus(args: readonly SqlType[], constants: readonly ConstantArg[]): Resolution {
  const [a, b] = args as [SqlType, SqlType];
  if (a.kind === 'timestamptz' && b.kind === 'interval' && isBackAndMixed(constants[1], -1)) return backAndMixed(1);
  if (isTemporal(a) && b.kind === 'interval') return resolved([a, b], a.kind === 'date' ? TIMESTAMP : a);
  if (a.kind === 'interval' && b.kind === 'interval') return resolved([a, b], INTERVAL);
  if (a.kind === 'date' && b.kind === 'date') return resolved([a, b], { kind: 'bigint' });
  if (isTemporal(a) && isTemporal(b)) {
    const type: SqlType = a.kind === 'timestamptz' || b.kind === 'timestamptz' ? { kind: 'timestamptz' } : TIMESTAMP;
    return resolved([type, type], INTERVAL);
  }
  if (a.kind === 'date' && isInteger(b) && b.kind !== 'bigint') return resolved([a, INTEGER], DATE);
  return noSuch('-', args, 'numbers, an instant and an interval, two instants, or a date and an integer');
}

/** DuckDB moves a timestamptz by the time of day before months if anything goes back; Postgres takes the months first. */
function isBackAndMixed(constant: ConstantArg, sign: 1 | -1): boolean {
  if (constant === null || typeof constant !== 'object') return false;
  const { months, days, micros } = constant;
  return months !== 0 && micros !== 0 && [months, days, micros].some((part) => part * sign < 0);
}

function backAndMixed(interval: 0 | 1): Resolution {
  return rejected(
    'an instant with time zone is moved back by months and a time of day at once',
    'DuckDB takes the months last, Postgres first',
    "take them one after the other: `x - INTERVAL '1 month' - INTERVAL '3 hours'`",
    'FSC3017',
    interval,
  );
}

function additive(op: '+' | '-', dialect: Dialect): SqlForm {
  return (a, types) => {
    const sql = `(${arg(a, 0)} ${op} ${arg(a, 1)})`;
    switch (types.result.kind) {
      case 'timestamp':
      case 'timestamptz':
        return movedInstant(op, dialect, a, types);
      case 'interval':
        if (isTemporal(typeAt(types, 0)))
          return `(${zoneless(arg(a, 0), typeAt(types, 0))} ${op} ${zoneless(arg(a, 1), typeAt(types, 1))})`;
        return intervalInRange(dialect === 'duckdb' ? `TRY(${sql})` : sql);
      case 'bigint':
        return `CAST(${sql} AS bigint)`;
      default:
        return dialect === 'duckdb' ? duckdbDate(sql) : postgresDate(op, a, types);
    }
  };
}

function movedInstant(op: '+' | '-', dialect: Dialect, a: readonly string[], types: CallTypes): string {
  const [left, right] = [zoneless(arg(a, 0), typeAt(types, 0)), zoneless(arg(a, 1), typeAt(types, 1))];
  const [instant, interval] = typeAt(types, 0).kind === 'interval' ? [right, left] : [left, right];
  const move = constantMove(interval);
  const moved = dialect === 'duckdb' && move !== null ? duckdbMoved(instant, op, move) : `${left} ${op} ${right}`;
  const sum = `CAST(${moved} AS timestamp)`;
  const ranged = dialect === 'duckdb' ? duckTimestampRange(`TRY(${sum})`) : postgresTimestampRange(sum, TIMESTAMP);
  const result = types.result.kind === 'timestamptz' ? `(${ranged} AT TIME ZONE 'UTC')` : ranged;
  if (move !== null) return result;
  return `(CASE WHEN ${months(interval)} BETWEEN -${MOST_MONTHS} AND ${MOST_MONTHS} AND date_part('day', ${interval}) BETWEEN -${MOST_DAYS} AND ${MOST_DAYS} THEN ${result} END)`;
}

function months(interval: string): string {
  return `date_part('year', ${interval}) * 12 + date_part('month', ${interval})`;
}

/** A printed constant that needs no guard, as most are; null for others. */
function constantMove(sql: string): IntervalValue | null {
  if (!/^INTERVAL '(?:-?\d+ (?:months|days|microseconds) ?)+'$/.test(sql)) return null;
  const part = (unit: RegExp): number => Number(unit.exec(sql)?.[1] ?? 0);
  const move = { months: part(/(-?\d+) months/), days: part(/(-?\d+) days/), micros: part(/(-?\d+) micro/) };
  return isInReach(move) ? move : null;
}

function intervalInRange(sql: string): string {
  return `(CASE WHEN ${months(sql)} BETWEEN -${INTERVAL_MONTHS} AND ${INTERVAL_MONTHS} AND date_part('day', ${sql}) BETWEEN -${INTERVAL_DAYS} AND ${INTERVAL_DAYS} AND date_part('hour', ${sql}) BETWEEN -${INTERVAL_HOURS} AND ${INTERVAL_HOURS} THEN ${sql} END)`;
}

function duckdbDate(sql: string): string {
  const date = `TRY(CAST(${sql} AS DATE))`;
  return `(CASE WHEN ${date} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN ${date} END)`;
}

/** Postgres raises beyond its own range: the days are counted first. */
function postgresDate(op: '+' | '-', a: readonly string[], types: CallTypes): string {
  const days = a.map((sql, i) =>
    typeAt(types, i).kind === 'date' ? `(${sql} - DATE '1970-01-01')` : `CAST(${sql} AS bigint)`,
  );
  return `(CASE WHEN ${days.join(` ${op} `)} BETWEEN ${FIRST_DAY} AND ${LAST_DAY} THEN ${arg(a, 0)} ${op} ${arg(a, 1)} END)`;
}

/** Day arithmetic of a timestamptz would follow the session's zone. */
function zoneless(sql: string, type: SqlType): string {
  return type.kind === 'timestamptz' ? `(${sql} AT TIME ZONE 'UTC')` : sql;
}

/** All but the difference of two dates or instants. */
const canLeaveRange = (types: CallTypes): boolean =>
  types.args.some((type) => type.kind === 'interval') || types.result.kind === 'date';

export const addTemporal: ScalarFunction = {
  kind: 'scalar',
  name: 'add_temporal',
  spellings: [{ op: '+', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args, constants) => resolvePlus(args, constants),
  strict: true,
  canFail: canLeaveRange,
  semantics: 1,
  sql: { duckdb: additive('+', 'duckdb'), postgres: additive('+', 'postgres') },
  js: (a, types) => {
    const [first, second] = [typeAt(types, 0), typeAt(types, 1)];
    const [x, y] =
      first.kind === 'interval' && second.kind !== 'interval' ? [arg(a, 1), arg(a, 0)] : [arg(a, 0), arg(a, 1)];
    const temporal = first.kind === 'interval' ? second : first;
    if (types.result.kind === 'interval') return `k.sumOfIntervals(${x}, ${y})`;
    if (types.result.kind === 'date') return `k.shiftDate(${arg(a, 0)}, ${arg(a, 1)})`;
    return temporal.kind === 'date' ? `k.datePlus(${x}, ${y})` : `k.instantPlus(${x}, ${y})`;
  },
  kernels: {
    sumOfIntervals,
    shiftDate,
    datePlus,
    instantPlus,
  },
  domain: [
    [...TIME_KINDS, ...WHOLE_KINDS],
    [...TIME_KINDS, ...WHOLE_KINDS],
  ],
  doc: {
    summary: 'an instant moved by an interval, a date by days; NULL beyond the range of instants and dates',
    calls: ['x + interval', 'd + days'],
    types:
      'an instant gives its own type, a date and an interval a timestamp, a date and an integer a date, two intervals an interval',
    examples: [{ sql: "TIMESTAMP '2001-01-31 00:00' + INTERVAL '1 month'", value: '2001-02-28 00:00:00' }],
  },
};

export const subtractTemporal: ScalarFunction = {
  kind: 'scalar',
  name: 'subtract_temporal',
  spellings: [{ op: '-', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args, constants) => resolveMinus(args, constants),
  strict: true,
  canFail: canLeaveRange,
  semantics: 1,
  sql: { duckdb: additive('-', 'duckdb'), postgres: additive('-', 'postgres') },
  js: (a, types) => {
    const [x, y] = [arg(a, 0), arg(a, 1)];
    const first = typeAt(types, 0);
    if (types.result.kind === 'interval')
      return first.kind === 'interval'
        ? `k.sumOfIntervals(${x}, k.negateInterval(${y}))`
        : `k.instantDifference(${x}, ${y})`;
    if (types.result.kind === 'bigint') return `(${x} - ${y})`;
    if (types.result.kind === 'date') return `k.shiftDate(${x}, -${y})`;
    return first.kind === 'date' ? `k.dateMinus(${x}, ${y})` : `k.instantMinus(${x}, ${y})`;
  },
  kernels: {
    negateInterval: negateInterval as (a: IntervalValue) => IntervalValue,
    instantDifference,
    instantMinus,
    dateMinus,
  },
  domain: [TIME_KINDS, [...TIME_KINDS, ...WHOLE_KINDS]],
  doc: {
    summary: 'an instant or date moved back, or what is between two',
    calls: ['x - interval', 'd - days', 'a - b'],
    types: 'as `+`; two instants give an interval of days and a rest, two dates the days between them as bigint',
    examples: [
      { sql: "DATE '2001-03-01' - DATE '2001-02-01'", value: '28' },
      { sql: "extract(epoch FROM TIMESTAMP '2001-01-02' - TIMESTAMP '2001-01-01')", value: '86400' },
    ],
  },
};

/** Whole multiples only: fractions are carried down differently. */
export const scaleInterval: ScalarFunction = {
  kind: 'scalar',
  name: 'scale_interval',
  spellings: [{ op: '*', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args) => {
    const [a, b] = args as [SqlType, SqlType];
    if (a.kind === 'interval' && isInteger(b) && b.kind !== 'bigint') return resolved([a, INTEGER], INTERVAL);
    if (b.kind === 'interval' && isInteger(a) && a.kind !== 'bigint') return resolved([INTEGER, b], INTERVAL);
    return noSuch('*', args, 'numbers, or an interval and an integer');
  },
  strict: true,
  canFail: () => true,
  semantics: 1,
  sql: {
    duckdb: (a) => intervalInRange(`TRY(${arg(a, 0)} * ${arg(a, 1)})`),
    postgres: (a, types) => {
      const [interval, by] = typeAt(types, 0).kind === 'interval' ? [arg(a, 0), arg(a, 1)] : [arg(a, 1), arg(a, 0)];
      const micros = `(date_part('hour', ${interval}) * 3600 + date_part('minute', ${interval}) * 60) * 1000000 + date_part('microsecond', ${interval})`;
      return `(CASE WHEN abs((${months(interval)}) * ${by}) <= ${INTERVAL_MONTHS} AND abs(date_part('day', ${interval}) * ${by}) <= ${INTERVAL_DAYS} AND abs((${micros}) * ${by}) < ${(INTERVAL_HOURS + 1) * MICROS_PER_HOUR} THEN ${interval} * ${by} END)`;
    },
  },
  js: (a, types) =>
    typeAt(types, 0).kind === 'interval'
      ? `k.timesInterval(${arg(a, 0)}, ${arg(a, 1)})`
      : `k.timesInterval(${arg(a, 1)}, ${arg(a, 0)})`,
  kernels: { timesInterval },
  domain: [
    ['interval', ...WHOLE_KINDS],
    ['interval', ...WHOLE_KINDS],
  ],
  doc: {
    summary: 'an interval so many times',
    calls: ['interval * n', 'n * interval'],
    types: 'an interval and an integer give an interval',
    examples: [{ sql: "extract(epoch FROM INTERVAL '1 day' * 2)", value: '172800' }],
  },
};
