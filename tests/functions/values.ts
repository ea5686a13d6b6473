/** Random and extreme values of every type, their SQL text, and the reading of results, for comparing machines function by function. */
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
} from '@duckdb/node-api';
import type { Dialect } from '../../runtime/functions/definition.ts';
import { powerOfTen, printDecimal } from '../../runtime/values/decimal.ts';
import { normaliseBigint } from '../../runtime/values/hybrid.ts';
import { printDate, printTimestamp } from '../../runtime/values/temporal.ts';
import type { IntervalValue, SqlType, Value } from '../../runtime/values/types.ts';

/** A small seeded generator (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T;
  }
  big(limit: bigint): bigint {
    let value = 0n;
    for (let i = 0; i < 5; i++) value = (value << 32n) | BigInt(this.int(0, 0xffffffff));
    const digits = BigInt(this.int(1, limit.toString().length));
    const cut = 10n ** digits < limit ? 10n ** digits : limit;
    return (value % cut) * (this.next() < 0.5 ? -1n : 1n);
  }
}

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const DOUBLES = [
  0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  3.5,
  0.1,
  0.2,
  1e-7,
  1e15,
  -1e15,
  9007199254740994,
  9.3e18,
  1e19,
  2147483647.5,
  -2147483648.5,
  2147483646.5,
  32767.5,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  5e-324,
  2.2250738585072014e-308,
  1e-200,
  1e200,
  709.5,
  -745.5,
  710,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0.49999999999999994,
  4503599627370497,
  2251799813685249.5,
  123456.789,
];
const TEXTS = [
  '',
  'a',
  'A',
  'abc',
  'AbC',
  ' a ',
  '\ta\n',
  'é',
  'É',
  'ß',
  'İ',
  'ǆ',
  '日本語',
  '😀',
  'a😀b',
  '👩‍👩‍👧',
  'e\u0301',
  '\u00a0x\u00a0',
  "it's",
  'a%b',
  'a_b',
  'a\\b',
  '%',
  '_',
  '\\',
  '"',
  '12',
  '-7',
  '+5',
  ' 42 ',
  '3.14',
  '-0.005',
  '.5',
  '5.',
  '1e3',
  '1e400',
  'NaN',
  'Infinity',
  '99999999999999999999',
  '0x1F',
  '1_000',
  '2001-02-03',
  '2001-02-30',
  '2001-02-03 04:05:06',
  '2001-02-03T04:05:06',
  '2001-02-03 04:05',
  '2001-02-03 04:05:06.1234567',
  '2001-02-03 24:00:00',
  '9999-12-31',
  '0000-01-01',
  '32768',
  '2147483648',
  '-2147483648',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  'true',
  't',
  'abcabcabc',
  '\ufffd',
  '\uffee',
  '0.5',
  '2.5',
  '-2.5',
  '12345678901234567890123456789012345678',
  '1'.repeat(50),
  '1e-400',
  '0005',
  '-0',
  '-0.0',
  '-1e-400',
  '-',
  '+',
  '.',
  '5 5',
  '2001-02-03 04:05:06.5',
  '2001-02-03 04:05:60',
  '2001-02-03 04:60:06',
];
const INSTANTS = [
  0,
  1,
  -1,
  946684800000000,
  951782399999999,
  978307200000000,
  1704067199999999,
  1709164800000000,
  MAX_SAFE,
  -MAX_SAFE,
  MAX_SAFE - 1,
  -62135596800,
  4102444800000000,
  7258118399999999,
  -86400000000,
  86399999999,
  -2208988800000000,
  1711843200000000,
  1706659200000000,
];
const INTERVALS: readonly IntervalValue[] = [
  { months: 0, days: 0, micros: 0 },
  { months: 0, days: 1, micros: 0 },
  { months: 0, days: 0, micros: 86400000000 },
  { months: 1, days: 0, micros: 0 },
  { months: 0, days: 30, micros: 0 },
  { months: 0, days: 29, micros: 86400000000 },
  { months: -1, days: 30, micros: 1 },
  { months: 12, days: 0, micros: 0 },
  { months: 0, days: 365, micros: 0 },
  { months: 0, days: -1, micros: 86400000000 },
  { months: 0, days: 0, micros: -1 },
  { months: 14, days: 3, micros: 5400000000 },
  { months: -25, days: -3, micros: -1500000 },
  { months: 0, days: 0, micros: MAX_SAFE },
  { months: 6000, days: 0, micros: 0 },
  { months: 0, days: -200000, micros: 0 },
  { months: 0, days: 0, micros: 3723004005 },
];

export function randomValue(random: Random, type: SqlType): Value {
  if (random.next() < 0.06) return null;
  switch (type.kind) {
    case 'smallint':
      return random.next() < 0.3 ? random.pick([32767, -32768, 0, 1, -1, 10, 100]) : random.int(-300, 300);
    case 'integer':
      return random.next() < 0.3
        ? random.pick([2147483647, -2147483648, 0, 1, -1, 2, 65536, 46341, 366])
        : random.int(-1000, 1000);
    case 'bigint':
      return random.next() < 0.3
        ? normaliseBigint(
            random.pick([
              9223372036854775807n,
              -9223372036854775808n,
              0n,
              1n,
              -1n,
              9007199254740993n,
              4294967296n,
              3037000500n,
            ]),
          )
        : normaliseBigint(random.big(9223372036854775807n));
    case 'decimal': {
      const limit = powerOfTen(type.precision);
      return normaliseBigint(
        random.next() < 0.3
          ? random.pick([
              limit - 1n,
              1n - limit,
              0n,
              1n,
              -1n,
              limit / 2n,
              5n,
              -5n,
              50n % limit,
              powerOfTen(type.scale) % limit,
            ])
          : random.big(limit),
      );
    }
    case 'real':
      return zero(
        Math.fround(
          random.next() < 0.5 ? clampReal(random.pick(DOUBLES)) : (random.next() - 0.5) * 10 ** random.int(-5, 12),
        ),
      );
    case 'double':
      return zero(random.next() < 0.5 ? random.pick(DOUBLES) : (random.next() - 0.5) * 10 ** random.int(-5, 20));
    case 'boolean':
      return random.next() < 0.5;
    case 'text':
      return randomText(random);
    case 'date':
      return random.next() < 0.3
        ? random.pick([0, -1, 11016, 10957, 84005, 19782, 19789, -719162, 2932896, 104249, -104249])
        : random.int(-30000, 84005);
    case 'timestamp':
    case 'timestamptz':
      return random.next() < 0.4
        ? random.pick(INSTANTS)
        : Math.floor(random.next() * 7258118400) * 1000000 + random.pick([0, 0, random.int(0, 999999)]);
    case 'interval':
      return random.next() < 0.7
        ? random.pick(INTERVALS)
        : {
            months: random.int(-30, 30),
            days: random.int(-400, 400),
            micros: random.int(-100000, 100000) * random.pick([1, 1000, 1000000]),
          };
    default:
      return null;
  }
}

function randomText(random: Random): string {
  const kind = random.next();
  if (kind < 0.15) return numberText(random);
  if (kind < 0.3) return instantText(random);
  return kind < 0.92 ? random.pick(TEXTS) : random.pick(TEXTS) + random.pick(TEXTS);
}

function digits(random: Random, most: number): string {
  return Array.from({ length: random.int(0, most) }, () => random.int(0, 9)).join('');
}

/** What looks like a number, and mostly is one. */
function numberText(random: Random): string {
  const point = random.pick(['', '.', '.']);
  const exponent = random.next() < 0.3 ? random.pick(['e', 'E']) + random.pick(['', '+', '-']) + random.int(0, 40) : '';
  const blank = random.pick(['', '', '', ' ', '\t']);
  return `${blank}${random.pick(['', '', '-', '+'])}${digits(random, 22)}${point}${digits(random, point === '' ? 0 : 14)}${exponent}${blank}`;
}

/** What looks like a date or an instant. */
function instantText(random: Random): string {
  const two = (low: number, high: number): string =>
    random.next() < 0.15 ? String(random.int(low, high)) : String(random.int(low, high)).padStart(2, '0');
  const date = `${random.pick(['1970', '2000', '1900', '2024', '2255', '1684', '0001', '9999', '0000'])}-${two(0, 13)}-${two(0, 32)}`;
  if (random.next() < 0.4) return date;
  const seconds = random.next() < 0.7 ? `:${two(0, 60)}${random.pick(['', '', `.${digits(random, 7)}`])}` : '';
  const zone = random.pick(['', '', '', 'Z', '+02', '-05:30', ' ', ' UTC']);
  return `${date}${random.pick(['T', ' ', '  '])}${two(0, 24)}:${two(0, 60)}${seconds}${zone}`;
}

function clampReal(value: number): number {
  const rounded = Math.fround(value);
  return Number.isFinite(value) && !Number.isFinite(rounded) ? 3.4028234663852886e38 : value;
}

function zero(value: number): number {
  return value === 0 ? 0 : value;
}

/** A value as text that either database reads as the column's type in an INSERT. */
export function cellText(value: Value, type: SqlType): string | null {
  if (value === null) return null;
  switch (type.kind) {
    case 'decimal':
      return printDecimal(value as number | bigint, type.scale);
    case 'date':
      return printDate(value as number);
    case 'timestamp':
      return printTimestamp(value as number, ' ', '');
    case 'timestamptz':
      return printTimestamp(value as number, ' ', '+00');
    case 'interval': {
      const { months, days, micros } = value as IntervalValue;
      return `${months} months ${days} days ${micros} microseconds`;
    }
    default:
      return String(value);
  }
}

export function sqlTypeName(type: SqlType, dialect: Dialect): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'double':
      return 'double precision';
    case 'text':
      return dialect === 'duckdb' ? 'varchar' : 'text';
    default:
      return type.kind;
  }
}

/** DuckDB's value as fsc's; the caller has checked its type. */
export function fromDuckDb(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return normaliseBigint(value);
  if (value instanceof DuckDBDecimalValue) return normaliseBigint(value.value);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return Number(value.micros);
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBIntervalValue)
    return { months: value.months, days: value.days, micros: Number(value.micros) };
  return value as Value;
}

export interface DuckRows {
  readonly types: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

export async function duckRows(connection: DuckDBConnection, sql: string): Promise<DuckRows> {
  const reader = await connection.runAndReadAll(sql);
  return {
    types: reader.columnTypes().map(String),
    rows: reader.getRows().map((row) => row.map(fromDuckDb)),
  };
}

export function show(value: Value): string {
  if (value !== null && typeof value === 'object') return `[${value.months}m ${value.days}d ${value.micros}us]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Distance in units in the last place. */
export function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
  const order = (x: number): bigint => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, x);
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
  };
  const distance = order(a) - order(b);
  return Number(distance < 0n ? -distance : distance);
}
