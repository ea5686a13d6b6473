/** The values that random columns take: extremes, edges and a few ordinary ones that recur. */
import { daysFromCivil, daysOf, pow10 } from '../reference/values.ts';
import type { Random } from './random.ts';
import type { ColumnSpec, Type, Value } from './view-spec.ts';

const WORDS = [
  'a',
  'b',
  'ab',
  'B',
  'Ab',
  '',
  ' x ',
  "it's",
  'é',
  'É',
  '日本',
  'п',
  'タコ',
  '😀',
  '\uffee',
  'a%b',
  'a_b',
  'a\\b',
  '"q"',
  'tab\there',
  'line\nbreak',
  '12',
  '-7',
  '*/',
  '$' + '{x}',
  'null',
  'z\u2028z',
];

const DOUBLES = [
  0, 1, -1, 0.5, 0.1, -0.3, 2.5, -2.5, 3.5, 1e-7, 1e15, 123456.789, -99.99, 9007199254740992, 1e60, -1e60,
];
const SMALL = [0, 1, -1, 0.5, -0.25, 2.5, 3.75, -4.5, 10];
const HUGE = [
  1.7976931348623157e308, -1.7976931348623157e308, 5e-324, -5e-324, 2.2250738585072014e-308, 0, -0, 1, -1.5, 1e308,
];
const REALS = [0, 1, -1, 0.5, -0.25, 1.75, 16777216, -2.5, 65504];

const HUGE_REALS = [
  3.4028234663852886e38, -3.4028234663852886e38, 1.401298464324817e-45, 1.1754943508222875e-38, 0, -0, 1, -1.5,
];

const SPECIALS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

const edges = (limit: bigint): bigint[] => [limit - 1n, -limit, limit - 2n, 1n - limit];

const ordinary = (random: Random): bigint => BigInt(random.pick([0, 1, -1, 2, 3, 5, 7, 10, 60, -12, 100]));

/** A value of the type; `base` is an instant near which dates and times fall. */
export const randomValue = (
  random: Random,
  column: Pick<ColumnSpec, 'type' | 'huge' | 'small' | 'special'>,
  base: bigint,
): Value => {
  const { type } = column;
  switch (type.kind) {
    case 'smallint':
      return random.chance(0.1) ? random.pick(edges(1n << 15n)) : ordinary(random);
    case 'integer':
      if (column.small) return BigInt(random.int(-9, 20));
      return random.chance(0.08)
        ? random.pick(edges(1n << 31n))
        : random.chance(0.3)
          ? random.bigint(-1000n, 1000n)
          : ordinary(random);
    case 'bigint':
      if (column.small) return BigInt(random.int(-9, 20));
      return random.chance(0.1)
        ? random.pick([...edges(1n << 63n), 9007199254740993n, -9007199254740993n])
        : random.chance(0.3)
          ? random.bigint(-100000n, 100000n)
          : ordinary(random);
    case 'decimal': {
      const top = pow10(type.precision) - 1n;
      if (!column.small && random.chance(0.08)) return random.pick([top, -top, top - 1n, 1n, -1n]);
      const span = pow10(Math.min(type.precision, type.scale + 2)) - 1n;
      return random.chance(0.2) ? 0n : random.bigint(-span, span);
    }
    case 'real':
      if (column.special && random.chance(0.4)) return random.pick(SPECIALS);
      return random.pick(column.huge ? HUGE_REALS : REALS);
    case 'double':
      if (column.special && random.chance(0.4)) return random.pick(SPECIALS);
      return random.pick(column.huge ? HUGE : column.small ? SMALL : DOUBLES);
    case 'boolean':
      return random.chance(0.5);
    case 'text': {
      const word = random.chance(0.9) ? random.pick(WORDS) : random.pick(WORDS) + random.pick(WORDS);
      return type.max === undefined ? word : [...word].slice(0, type.max).join('');
    }
    case 'date': {
      if (random.chance(0.06)) return random.pick([0n, daysFromCivil(2199, 12, 31), daysFromCivil(2000, 2, 29)]);
      return daysOf(base) + BigInt(random.int(-40, 40));
    }
    case 'timestamp':
    case 'timestamptz': {
      if (random.chance(0.06)) return random.pick([0n, daysFromCivil(2200, 1, 1) * 86_400_000_000n - 1n]);
      const day = 86_400_000_000n;
      return random.chance(0.4)
        ? (base / day + BigInt(random.int(-3, 3))) * day
        : base + random.bigint(-3n * day, 3n * day);
    }
    default:
      throw new Error(`no values of ${type.kind}`);
  }
};

/** JSON that no value of the type is, by what is wrong with it. */
const badForms = (type: Type): Readonly<Record<string, readonly string[]>> => {
  switch (type.kind) {
    case 'smallint':
      return { range: ['32768', '-32769'], digits: ['1.5', '-0.001'], other: ['"x"', 'true', '[]', '"1"'] };
    case 'integer':
      return { range: ['2147483648', '-2147483649'], digits: ['0.5', '-1e-3'], other: ['"x"', 'false', '{}', '"1"'] };
    case 'bigint':
      return {
        range: ['9223372036854775808', '-9223372036854775809', '"9223372036854775808"'],
        digits: ['1.25', '"1.5"', '1e-1'],
        other: ['"1x"', 'true', '""'],
      };
    case 'decimal': {
      const zeros = '0'.repeat(type.scale);
      const whole = type.precision - type.scale;
      return {
        range: [`1${'0'.repeat(whole)}`, `"-1${'0'.repeat(whole)}"`, `1e${whole}`],
        // Some are nearest to a value of the type, or to 0.
        digits: [`0.${zeros}1`, `0.${zeros}5`, `-0.${zeros}5`, `"0.${zeros}9"`, `0.${'9'.repeat(type.scale + 1)}`],
        other: ['"abc"', 'true', '[0]'],
      };
    }
    case 'real':
    case 'double':
      return { other: ['"1.5"', 'true', '[1]', '"x"'] };
    case 'boolean':
      return { other: ['"true"', '0', '1', '"f"'] };
    case 'text':
      return {
        characters: ['"a\\u0000b"', '"\\ud800"'],
        other: ['1', 'true', '{}'],
        ...(type.max === undefined ? {} : { range: [`"${'x'.repeat(type.max + 1)}"`] }),
      };
    case 'date':
      return { range: ['"2023-02-29"', '"2023-13-01"'], other: ['"x"', '20230101', 'true'] };
    default:
      return {
        range: ['"2023-02-30T00:00:00Z"', '"2023-01-01T25:00:00Z"'],
        digits: ['"2023-01-01T00:00:00.1234567Z"'],
        other: ['"soon"', '1700000000', 'true'],
      };
  }
};

export const badJson = (random: Random, type: Type): string => random.pick(random.pick(Object.values(badForms(type))));

/** What `badJson` made wrong; null: it is another's. */
export const badFormOf = (json: string, type: Type): string | null =>
  Object.entries(badForms(type)).find(([, texts]) => texts.includes(json))?.[0] ?? null;
