/**
 * Where a database's own text gives something else than fsc: the divergence table (rules.md 25). Each row says which differences of random
 * calls it covers in DuckDB, and has an expression with what fsc and both databases make of it, which is a test of its own.
 */
import type { Dialect } from '../../runtime/functions/definition.ts';
import type { IntervalValue, SqlType, Value } from '../../runtime/values/types.ts';
import type { Call } from './calls.ts';

export interface Difference {
  readonly dialect: Dialect;
  readonly call: Call;
  readonly args: readonly Value[];
  /** fsc's value. */
  readonly value: Value;
  /** The text's value, cast to fsc's type; null where it aborts. */
  readonly raw: Value;
  readonly aborted: boolean;
}

/** What a text comes to: its value as text, `NULL`, or `aborts`. */
export interface Outcomes {
  readonly fsc: string;
  readonly duckdb: string;
  readonly postgres: string;
}

export interface Divergence {
  readonly name: string;
  readonly examples: readonly (Outcomes & { readonly sql: string; readonly postgresBefore16?: string })[];
  readonly covers: (difference: Difference) => boolean;
}

const MAX_MICROS = Number.MAX_SAFE_INTEGER;
const FIRST_DAY = -719162;
const LAST_DAY = 2932896;

const isFloat = (type: SqlType | undefined): boolean => type?.kind === 'double' || type?.kind === 'real';
const isDecimal = (type: SqlType | undefined): boolean => type?.kind === 'decimal';
const isInstant = (type: SqlType | undefined): boolean => type?.kind === 'timestamp' || type?.kind === 'timestamptz';
const isCast = (call: Call, from: (type: SqlType | undefined) => boolean): boolean =>
  call.fn.name === 'cast' && from(call.declared[0]);

export const DIVERGENCES: readonly Divergence[] = [
  {
    name: 'overflow of doubles is NULL',
    examples: [
      { sql: "CAST('1e308' AS double precision) * 10", fsc: 'NULL', duckdb: 'inf', postgres: 'aborts' },
      { sql: "CAST('1e308' AS double precision) / 0.001", fsc: 'NULL', duckdb: 'inf', postgres: 'aborts' },
      { sql: 'exp(1000)', fsc: 'NULL', duckdb: 'inf', postgres: 'aborts' },
      { sql: "CAST('1e400' || '' AS double precision)", fsc: 'NULL', duckdb: 'inf', postgres: 'aborts' },
    ],
    covers: ({ call, value, raw }) =>
      value === null && isFloat(call.types.result) && (raw === Infinity || raw === -Infinity),
  },
  {
    name: 'overflow of integers and decimals is NULL',
    examples: [
      { sql: '2147483647 + 1', fsc: 'NULL', duckdb: 'aborts', postgres: 'aborts' },
      { sql: 'abs(CAST(-2147483648 AS integer))', fsc: 'NULL', duckdb: 'aborts', postgres: 'aborts' },
      // A HUGEINT to DuckDB, as integers made of sums are.
      {
        sql: '9223372036854775809 * 18000000000000000000',
        fsc: 'NULL',
        duckdb: '166020696663385964562000000000000000000',
        postgres: '166020696663385964562000000000000000000',
      },
    ],
    // Postgres's decimals go on beyond 38 digits.
    covers: ({ dialect, call, value, raw }) =>
      dialect === 'postgres' &&
      value === null &&
      raw !== null &&
      call.types.result.kind === 'decimal' &&
      ['add', 'subtract', 'multiply'].includes(call.fn.name),
  },
  {
    name: 'division by zero is NULL',
    examples: [
      { sql: '1.5 / 0', fsc: 'NULL', duckdb: 'NULL', postgres: 'aborts' },
      { sql: '5 % 0', fsc: 'NULL', duckdb: 'NULL', postgres: 'aborts' },
      { sql: "CAST('NaN' AS double precision) / 0", fsc: 'NULL', duckdb: 'NULL', postgres: 'NaN' },
    ],
    covers: ({ dialect, call, value, raw }) =>
      dialect === 'postgres' && call.fn.name === 'divide' && value === null && Number.isNaN(raw),
  },
  {
    name: 'a sum of bigints, and a literal beyond bigint, is a decimal, and has a fraction',
    examples: [
      {
        sql: '9223372036854775809 / 1000000000',
        fsc: '9223372036.854776',
        duckdb: '9223372036',
        postgres: '9223372036.85477581',
      },
    ],
    // The sample has no column of DuckDB's HUGEINT.
    covers: () => false,
  },
  {
    name: 'roots, logarithms and powers that have no value are NULL',
    examples: [
      { sql: 'sqrt(-1.0)', fsc: 'NULL', duckdb: 'aborts', postgres: 'aborts' },
      { sql: 'ln(0.0)', fsc: 'NULL', duckdb: 'aborts', postgres: 'aborts' },
      { sql: 'power(CAST(-8 AS double precision), 0.5)', fsc: 'NULL', duckdb: 'nan', postgres: 'aborts' },
      { sql: 'power(0, -1)', fsc: 'NULL', duckdb: 'inf', postgres: 'aborts' },
    ],
    covers: ({ call, value, raw }) => call.fn.name === 'power' && value === null && Number.isNaN(raw),
  },
  {
    name: 'round of a double takes halves away from zero',
    examples: [{ sql: "round(CAST('2.5' AS double precision))", fsc: '3', duckdb: '3.0', postgres: '2' }],
    covers: ({ dialect, call, args, value, raw }) =>
      dialect === 'postgres' &&
      call.fn.name === 'round' &&
      isFloat(call.declared[0]) &&
      Math.abs((args[0] as number) % 1) === 0.5 &&
      Math.abs((value as number) - (raw as number)) <= 1,
  },
  {
    name: 'round and trunc of a bigint keep its digits',
    examples: [
      {
        sql: 'round(CAST(9007199254740993 AS bigint))',
        fsc: '9007199254740993',
        duckdb: '9007199254740993',
        postgres: '9.007199254740992e+15',
      },
    ],
    covers: ({ dialect, call }) =>
      dialect === 'postgres' && ['round', 'trunc'].includes(call.fn.name) && call.declared[0]?.kind === 'bigint',
  },
  {
    name: 'exp and ln of decimals are computed in double precision',
    examples: [
      {
        sql: 'exp(CAST(177.24 AS decimal(5,2))) / 1e62 > 942657598343930.0',
        fsc: 'true',
        duckdb: 'true',
        postgres: 'false',
      },
    ],
    covers: ({ dialect, call, value, raw }) =>
      dialect === 'postgres' &&
      ['exp', 'ln'].includes(call.fn.name) &&
      call.declared.some(isDecimal) &&
      Math.abs((value as number) - (raw as number)) <
        (call.fn.name === 'ln' ? 2 ** -50 : 1e-11 * Math.abs(raw as number)),
  },
  {
    name: 'DuckDB widens no decimals of up to 18 digits',
    examples: [
      {
        sql: "CAST('99999999999999.9999' AS decimal(18,4)) + CAST('0.0001' AS decimal(18,4))",
        fsc: '100000000000000.0000',
        duckdb: 'aborts',
        postgres: '100000000000000.0000',
      },
    ],
    covers: ({ call, aborted, value }) =>
      aborted &&
      value !== null &&
      ['add', 'subtract', 'multiply'].includes(call.fn.name) &&
      call.types.args.every((type) => type.kind === 'decimal' && type.precision <= 18) &&
      call.types.result.kind === 'decimal' &&
      call.types.result.precision > 18,
  },
  {
    name: 'decimals without a common type are compared all the same',
    examples: [
      {
        sql: "CAST('99999999999999999999999999999999999999' AS decimal(38,0)) > CAST('0.5' AS decimal(2,1))",
        fsc: 'true',
        duckdb: 'aborts',
        postgres: 'true',
      },
    ],
    covers: ({ call, aborted }) =>
      aborted &&
      call.types.result.kind === 'boolean' &&
      call.declared.some(isDecimal) &&
      call.types.args.every(isDecimal),
  },
  {
    name: 'the least integer % -1 is 0',
    examples: [
      { sql: 'CAST(-2147483648 AS integer) % CAST(-1 AS integer)', fsc: '0', duckdb: 'aborts', postgres: '0' },
    ],
    covers: ({ call, aborted, args }) => aborted && call.fn.name === 'modulo' && args[1] === -1,
  },
  {
    name: 'DuckDB looks at the range of an integer before it rounds a double',
    examples: [
      {
        sql: "CAST(CAST('32767.5' AS double precision) AS smallint)",
        fsc: 'NULL',
        duckdb: '-32768',
        postgres: 'aborts',
      },
      {
        sql: "CAST(CAST('-2147483648.5' AS double precision) AS integer)",
        fsc: '-2147483648',
        duckdb: 'aborts',
        postgres: '-2147483648',
      },
    ],
    covers: ({ call, args, value, aborted }) =>
      isCast(call, isFloat) &&
      ((value === null && [32767.5, 2147483647.5].includes(args[0] as number)) ||
        (aborted && [-32768.5, -2147483648.5].includes(args[0] as number))),
  },
  {
    name: 'a text is cast only where both databases read it, and read it alike',
    examples: [
      { sql: "CAST('3.14' || '' AS integer)", fsc: 'NULL', duckdb: '3', postgres: 'aborts' },
      { sql: "CAST('1e3' || '' AS bigint)", fsc: 'NULL', duckdb: '1000', postgres: 'aborts' },
      // Postgres reads these three since 16.
      {
        sql: "CAST('1_000' || '' AS bigint)",
        fsc: 'NULL',
        duckdb: '1000',
        postgres: '1000',
        postgresBefore16: 'aborts',
      },
      { sql: "CAST('0x1F' || '' AS bigint)", fsc: 'NULL', duckdb: '31', postgres: '31', postgresBefore16: 'aborts' },
      {
        sql: "CAST('1_000' || '' AS decimal(10,2))",
        fsc: 'NULL',
        duckdb: '1000.00',
        postgres: '1000.00',
        postgresBefore16: 'aborts',
      },
      { sql: "CAST('1_000' || '' AS double precision)", fsc: 'NULL', duckdb: '1000.0', postgres: 'aborts' },
      { sql: "CAST('0x1F' || '' AS double precision)", fsc: 'NULL', duckdb: 'aborts', postgres: '31' },
      { sql: "CAST('NaN' || '' AS decimal(5,2))", fsc: 'NULL', duckdb: 'aborts', postgres: 'NaN' },
      {
        sql: "CAST('2001-02-03 04:05:60' || '' AS timestamp)",
        fsc: 'NULL',
        duckdb: 'aborts',
        postgres: '2001-02-03 04:06:00',
      },
      {
        sql: "CAST('2001-02-03T04:05Z' || '' AS timestamp)",
        fsc: 'NULL',
        duckdb: 'aborts',
        postgres: '2001-02-03 04:05:00',
      },
      {
        sql: "CAST('2001-02-03 04:05:06.1234567' || '' AS timestamp)",
        fsc: 'NULL',
        duckdb: '2001-02-03 04:05:06.123456',
        postgres: '2001-02-03 04:05:06.123457',
      },
      { sql: "CAST('0000-01-01' || '' AS date)", fsc: 'NULL', duckdb: '0001-01-01 (BC)', postgres: 'aborts' },
      { sql: "CAST('20010203' || '' AS date)", fsc: 'NULL', duckdb: 'aborts', postgres: '2001-02-03' },
      { sql: "CAST('2001-02-03' || ' noon' AS date)", fsc: 'NULL', duckdb: '2001-02-03', postgres: 'aborts' },
    ],
    covers: ({ call, value }) => isCast(call, (type) => type?.kind === 'text') && value === null,
  },
  {
    name: 'DuckDB casts some texts with an exponent to another decimal, and refuses others',
    examples: [
      { sql: "CAST('.804e-40' || '' AS decimal(5,2))", fsc: '0.00', duckdb: '0.01', postgres: '0.00' },
      { sql: "CAST('1234567e-4' || '' AS decimal(5,2))", fsc: '123.46', duckdb: 'aborts', postgres: '123.46' },
    ],
    covers: ({ dialect, call, args }) =>
      dialect === 'duckdb' &&
      isCast(call, (type) => type?.kind === 'text') &&
      isDecimal(call.types.result) &&
      /e-/i.test(String(args[0])),
  },
  {
    name: 'an instant beyond 2^53 µs from 1970 is NULL',
    examples: [
      {
        sql: "TIMESTAMP '2200-01-01 00:00' + INTERVAL '100 years'",
        fsc: 'NULL',
        duckdb: '2300-01-01 00:00:00',
        postgres: '2300-01-01 00:00:00',
      },
      {
        sql: "CAST(DATE '9999-12-31' AS timestamp)",
        fsc: 'NULL',
        duckdb: '9999-12-31 00:00:00',
        postgres: '9999-12-31 00:00:00',
      },
    ],
    covers: ({ call, args, value, raw }) =>
      value === null &&
      ((isInstant(call.types.result) && Math.abs(Number(raw)) > MAX_MICROS) ||
        (call.fn.name === 'subtract_temporal' &&
          args.some(
            (arg, i) => call.declared[i]?.kind === 'date' && Math.abs((arg as number) * 86400e6) > MAX_MICROS,
          ))),
  },
  {
    name: 'a date outside the years 1 to 9999 is NULL',
    examples: [{ sql: "DATE '9999-12-31' + 1", fsc: 'NULL', duckdb: '10000-01-01', postgres: '10000-01-01' }],
    covers: ({ call, value, raw }) =>
      value === null &&
      call.types.result.kind === 'date' &&
      ((raw as number) < FIRST_DAY || (raw as number) > LAST_DAY),
  },
  {
    name: 'an interval beyond 89 million years, 10^9 days or 2,500,000 hours is NULL',
    examples: [
      {
        sql: "extract(hour FROM INTERVAL '2000000 hours' * 2)",
        fsc: 'NULL',
        duckdb: '4000000',
        postgres: '4000000',
      },
    ],
    covers: ({ call, value, raw }) => {
      if (value !== null || raw === null || call.types.result.kind !== 'interval') return false;
      const { months, days, micros } = raw as IntervalValue;
      return Math.abs(months) > 1_068_000_000 || Math.abs(days) > 1_000_000_000 || Math.abs(micros) >= 9e15;
    },
  },
  {
    name: 'substr from below 1, or of less than nothing, is NULL',
    examples: [
      { sql: "substr('hello', 1 - 3)", fsc: 'NULL', duckdb: 'lo', postgres: 'hello' },
      { sql: "substr('hello', 2 - 2, 3)", fsc: 'NULL', duckdb: 'he', postgres: 'he' },
      { sql: "substr('hello', 3, 1 - 3)", fsc: 'NULL', duckdb: 'he', postgres: 'aborts' },
    ],
    covers: ({ call, args, value }) =>
      call.fn.name === 'substr' &&
      value === null &&
      (Number(args[1]) < 1 || (args[2] !== undefined && Number(args[2]) < 0)),
  },
  {
    name: 'trim takes the blank only',
    examples: [{ sql: "length(trim(' a\u00a0'))", fsc: '2', duckdb: '1', postgres: '2' }],
    covers: ({ call, args }) => call.fn.name === 'trim' && /^ *\u00a0|\u00a0 *$/.test(String(args[0])),
  },
  {
    name: 'DuckDB moves a timestamptz back by the time of day before months',
    examples: [
      {
        sql: "TIMESTAMPTZ '2024-03-01 00:00:00+00' - INTERVAL '1 month 1 hour' * 1",
        fsc: '2024-01-31 23:00:00+00',
        duckdb: '2024-01-29 23:00:00+00',
        postgres: '2024-01-31 23:00:00+00',
      },
    ],
    covers: ({ call, args }) => {
      const sign = call.fn.name === 'subtract_temporal' ? -1 : call.fn.name === 'add_temporal' ? 1 : 0;
      const at = call.declared.findIndex((type) => type.kind === 'interval');
      const interval = args[at] as IntervalValue | null | undefined;
      if (interval === null || interval === undefined || call.types.result.kind !== 'timestamptz') return false;
      const { months, days, micros } = interval;
      return months !== 0 && micros !== 0 && [months, days, micros].some((part) => part * sign < 0);
    },
  },
  {
    name: 'intervals compare by their length, also where their parts have different signs',
    examples: [
      {
        sql: "INTERVAL '1 day' - INTERVAL '1 second' = INTERVAL '86399 seconds'",
        fsc: 'true',
        duckdb: 'false',
        postgres: 'true',
      },
    ],
    covers: ({ call, args }) => call.declared.every((type) => type.kind === 'interval') && args.some(isOfTwoSigns),
  },
  {
    name: 'DuckDB miscounts from a timestamptz before 1970 that is no whole millisecond',
    examples: [
      {
        sql: "TIMESTAMPTZ '1970-01-01 00:00:00.000001+00' - TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' = INTERVAL '2 microseconds'",
        fsc: 'true',
        duckdb: 'false',
        postgres: 'true',
      },
    ],
    covers: ({ call, args }) =>
      (call.fn.name === 'subtract_temporal' || call.fn.name === 'add_temporal') &&
      call.declared.some((type) => type.kind === 'timestamptz') &&
      args.some((arg, i) => isInstant(call.declared[i]) && (arg as number) < 0 && (arg as number) % 1000 !== 0),
  },
];

function isOfTwoSigns(value: Value): boolean {
  if (value === null || typeof value !== 'object') return false;
  const parts = [value.months, value.days, value.micros];
  return parts.some((part) => part > 0) && parts.some((part) => part < 0);
}

export function divergenceOf(difference: Difference): Divergence | null {
  return DIVERGENCES.find((row) => row.covers(difference)) ?? null;
}
