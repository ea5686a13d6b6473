/** Values of the naive evaluator: the calendar, decimals, exact ratios, the total order. Slow and plain on purpose. */

const DAY = 86_400_000_000n;

const floorDiv = (a: bigint, b: bigint): bigint => {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
};

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export const daysOf = (micros: bigint): bigint => floorDiv(micros, DAY);
export const timeOfDay = (micros: bigint): bigint => micros - daysOf(micros) * DAY;

export const civil = (days: bigint): Civil => {
  const date = new Date(Number(days) * 86_400_000);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
};

export const daysFromCivil = (year: number, month: number, day: number): bigint => {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return BigInt(Math.round(date.getTime() / 86_400_000));
};

const pad = (n: number | bigint, width: number): string => String(n).padStart(width, '0');

export const dateText = (days: bigint): string => {
  const { year, month, day } = civil(days);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
};

/** `2024-01-01 10:00:00[.5]`, as both databases print it. */
export const timestampText = (micros: bigint): string => {
  const rest = timeOfDay(micros);
  const seconds = rest / 1_000_000n;
  const fraction = rest % 1_000_000n;
  const clock = `${pad(seconds / 3600n, 2)}:${pad((seconds / 60n) % 60n, 2)}:${pad(seconds % 60n, 2)}`;
  const tail = fraction === 0n ? '' : `.${pad(fraction, 6).replace(/0+$/, '')}`;
  return `${dateText(daysOf(micros))} ${clock}${tail}`;
};

export const isoText = (micros: bigint): string => `${timestampText(micros).replace(' ', 'T')}Z`;

export const addMonths = (micros: bigint, months: number): bigint => {
  if (months === 0) return micros;
  const { year, month, day } = civil(daysOf(micros));
  const index = year * 12 + (month - 1) + months;
  const y = Math.floor(index / 12);
  const m = (index % 12) + 1;
  const next = daysFromCivil(m === 12 ? y + 1 : y, m === 12 ? 1 : m + 1, 1);
  const last = Number(next - daysFromCivil(y, m, 1));
  return daysFromCivil(y, m, Math.min(day, last)) * DAY + timeOfDay(micros);
};

const MOST_TRUNCATED = 1000;
const truncated = new Map<string, Map<bigint, bigint>>();

/** Remembers: the bound of a window is asked for once a row. */
export const truncate = (unit: string, micros: bigint): bigint => {
  const ofUnit = truncated.get(unit) ?? new Map<bigint, bigint>();
  truncated.set(unit, ofUnit);
  const known = ofUnit.get(micros);
  if (known !== undefined) return known;
  const result = truncateTo(unit, micros);
  if (ofUnit.size >= MOST_TRUNCATED) ofUnit.clear();
  ofUnit.set(micros, result);
  return result;
};

const truncateTo = (unit: string, micros: bigint): bigint => {
  const step = (size: bigint): bigint => floorDiv(micros, size) * size;
  const days = daysOf(micros);
  const { year, month } = civil(days);
  switch (unit) {
    case 'second':
      return step(1_000_000n);
    case 'minute':
      return step(60_000_000n);
    case 'hour':
      return step(3_600_000_000n);
    case 'day':
      return days * DAY;
    case 'week':
      // 1970-01-01 was a Thursday; weeks begin on Monday.
      return (days - ((((days + 3n) % 7n) + 7n) % 7n)) * DAY;
    case 'month':
      return daysFromCivil(year, month, 1) * DAY;
    case 'quarter':
      return daysFromCivil(year, Math.floor((month - 1) / 3) * 3 + 1, 1) * DAY;
    case 'year':
      return daysFromCivil(year, 1, 1) * DAY;
    default:
      throw new Error(`date_trunc unit ${unit}`);
  }
};

export const extractPart = (unit: string, micros: bigint): number => {
  const days = daysOf(micros);
  const { year, month, day } = civil(days);
  const seconds = timeOfDay(micros) / 1_000_000n;
  const weekday = Number((((days + 4n) % 7n) + 7n) % 7n);
  switch (unit) {
    case 'epoch':
      return ratioToDouble(micros, 1_000_000n);
    case 'year':
      return year;
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1;
    case 'month':
      return month;
    case 'day':
      return day;
    case 'hour':
      return Number(seconds / 3600n);
    case 'minute':
      return Number((seconds / 60n) % 60n);
    case 'dow':
      return weekday;
    case 'isodow':
      return weekday === 0 ? 7 : weekday;
    case 'doy':
      return Number(days - daysFromCivil(year, 1, 1)) + 1;
    case 'week': {
      // ISO: the week of its Thursday.
      const thursday = days - BigInt((weekday + 6) % 7) + 3n;
      return Math.floor(Number(thursday - daysFromCivil(civil(thursday).year, 1, 1)) / 7) + 1;
    }
    default:
      throw new Error(`extract unit ${unit}`);
  }
};

const POWERS: readonly bigint[] = Array.from({ length: 80 }, (_, n) => 10n ** BigInt(n));

export const pow10 = (n: number): bigint => POWERS[n] ?? 10n ** BigInt(n);

export const decimalText = (unscaled: bigint, scale: number): string => {
  if (scale === 0) return String(unscaled);
  const negative = unscaled < 0n;
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

/** Reads `-12.50` (DuckDB writes `-.5` for a decimal(4,4)) at a scale; null where it does not fit without loss. */
export const parseDecimal = (text: string, scale: number): bigint | null => {
  const match = /^(-?)(\d*)(?:\.(\d+))?$/.exec(text);
  if (match === null || !/\d/.test(text)) return null;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) return null;
  const magnitude = BigInt(`0${match[2]}${fraction.padEnd(scale, '0')}`);
  return match[1] === '-' ? -magnitude : magnitude;
};

/** n / d rounded half away from zero. */
export const divideRound = (n: bigint, d: bigint): bigint => {
  const negative = n < 0n !== d < 0n;
  const a = n < 0n ? -n : n;
  const b = d < 0n ? -d : d;
  const q = (2n * a + b) / (2n * b);
  return negative ? -q : q;
};

export const rescale = (unscaled: bigint, from: number, to: number): bigint =>
  to >= from ? unscaled * pow10(to - from) : divideRound(unscaled, pow10(from - to));

const bitLength = (n: bigint): number => n.toString(2).length;

/** The double nearest to n / d. */
export const ratioToDouble = (n: bigint, d: bigint): number => {
  if (n === 0n) return 0;
  if (d < 0n) return ratioToDouble(-n, -d);
  if (n < 0n) return -ratioToDouble(-n, d);
  // 70 bits and a sticky one round once, where the result is a normal number.
  let shift = 70 - (bitLength(n) - bitLength(d));
  // Below the normal range: exactly the bits a subnormal keeps.
  shift = Math.min(shift, 1074);
  let q: bigint;
  let r: bigint;
  if (shift >= 0) {
    q = (n << BigInt(shift)) / d;
    r = (n << BigInt(shift)) % d;
  } else {
    q = n / (d << BigInt(-shift));
    r = n % (d << BigInt(-shift));
  }
  if (r !== 0n) q = shift === 1074 ? (2n * r >= (shift >= 0 ? d : d << BigInt(-shift)) ? q + 1n : q) : q | 1n;
  const base = Number(q);
  // Two steps keep the factor itself in range.
  const half = Math.trunc(-shift / 2);
  return base * 2 ** half * 2 ** (-shift - half);
};

/** A finite double in units of 2^-1074. */
export const doubleToUnits = (x: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n === 0n ? magnitude : -magnitude;
};

export const UNITS = 1n << 1074n;

export const roundHalfAway = (x: number): number => {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
};

export const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
};

export const compareNumbers = (a: number, b: number): number => {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
};

export const compareText = (a: string, b: string): number => {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const d = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (d !== 0) return d < 0 ? -1 : 1;
  }
  return left.length - right.length;
};

export const asciiLower = (text: string): string => text.replace(/[A-Z]/g, (c) => c.toLowerCase());
export const asciiUpper = (text: string): string => text.replace(/[a-z]/g, (c) => c.toUpperCase());

export const likeMatches = (text: string, pattern: string): boolean => {
  const t = [...text];
  const p = [...pattern];
  const match = (i: number, j: number): boolean => {
    if (j === p.length) return i === t.length;
    if (p[j] === '%') return match(i, j + 1) || (i < t.length && match(i + 1, j));
    return i < t.length && (p[j] === '_' || p[j] === t[i]) && match(i + 1, j + 1);
  };
  return match(0, 0);
};
