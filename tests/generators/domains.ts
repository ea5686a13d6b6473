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

/** JSON that no value of the type is. */
export const badJson = (random: Random, type: Type): string => {
  switch (type.kind) {
    case 'smallint':
      return random.pick(['32768', '-32769', '1.5', '"x"', 'true', '[]']);
    case 'integer':
      return random.pick(['2147483648', '-2147483649', '0.5', '"x"', 'false', '{}']);
    case 'bigint':
      return random.pick(['9223372036854775808', '-9223372036854775809', '1.25', '"1x"', 'true']);
    case 'decimal':
      return random.pick([
        `0.${'0'.repeat(type.scale)}1`,
        `1${'0'.repeat(type.precision - type.scale)}`,
        '"abc"',
        'true',
      ]);
    case 'real':
    case 'double':
      return random.pick(['"1.5"', 'true', '[1]', '"x"']);
    case 'boolean':
      return random.pick(['"true"', '0', '1', '"f"']);
    case 'text':
      return random.pick(
        type.max === undefined
          ? ['1', 'true', '"a\\u0000b"', '"\\ud800"', '{}']
          : ['1', 'false', '"\\u0000"', `"${'x'.repeat(type.max + 1)}"`],
      );
    case 'date':
      return random.pick(['"2023-02-29"', '"x"', '20230101', '"2023-13-01"', 'true']);
    default:
      return random.pick(['"2023-02-30T00:00:00Z"', '"soon"', '1700000000', '"2023-01-01T25:00:00Z"', 'true']);
  }
};
