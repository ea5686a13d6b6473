/** Decimals as unscaled hybrids: 12.50 as decimal(p,2) is 1250. Exact up to 38 digits. */
import { compareHybrid, type Hybrid, mulHybrid, normaliseBigint } from './hybrid.ts';

const POWERS: bigint[] = [];
for (let i = 0, power = 1n; i <= 80; i++, power *= 10n) POWERS.push(power);

export function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

const NUMBER_POWERS: readonly number[] = POWERS.slice(0, 16).map(Number);

/** |value| < 10^precision. */
export function fitsPrecision(value: Hybrid, precision: number): boolean {
  if (precision > 15 && typeof value === 'number') return true;
  if (typeof value === 'number') {
    const limit = NUMBER_POWERS[precision] as number;
    return value < limit && value > -limit;
  }
  const limit = powerOfTen(precision);
  return value < limit && value > -limit;
}

/** To another scale; rounds half away from zero when digits are lost. */
export function rescale(value: Hybrid, from: number, to: number): Hybrid {
  if (from === to) return value;
  if (to > from)
    return to - from <= 15
      ? mulHybrid(value, NUMBER_POWERS[to - from] as number)
      : normaliseBigint(BigInt(value) * powerOfTen(to - from));
  return divideRound(value, from - to);
}

/** value / 10^digits, half away from zero. */
function divideRound(value: Hybrid, digits: number): Hybrid {
  if (typeof value === 'number' && digits <= 15) {
    const power = NUMBER_POWERS[digits] as number;
    const rest = value % power;
    const whole = (value - rest) / power;
    const rounded = Math.abs(rest) * 2 >= power ? whole + (value < 0 ? -1 : 1) : whole;
    return rounded === 0 ? 0 : rounded;
  }
  const power = powerOfTen(digits);
  const big = BigInt(value);
  const rest = big % power;
  const whole = big / power;
  const up = (rest < 0n ? -rest : rest) * 2n >= power;
  return normaliseBigint(up ? whole + (big < 0n ? -1n : 1n) : whole);
}

/** Drops digits towards zero. */
export function truncateScale(value: Hybrid, from: number, to: number): Hybrid {
  if (to >= from) return rescale(value, from, to);
  return normaliseBigint(BigInt(value) / powerOfTen(from - to));
}

/** Towards minus infinity, to scale 0. */
export function floorDecimal(value: Hybrid, scale: number): Hybrid {
  const power = powerOfTen(scale);
  const big = BigInt(value);
  const whole = big / power;
  return normaliseBigint(big % power < 0n ? whole - 1n : whole);
}

/** Towards plus infinity, to scale 0. */
export function ceilDecimal(value: Hybrid, scale: number): Hybrid {
  const power = powerOfTen(scale);
  const big = BigInt(value);
  const whole = big / power;
  return normaliseBigint(big % power > 0n ? whole + 1n : whole);
}

export function compareDecimals(a: Hybrid, scaleA: number, b: Hybrid, scaleB: number): number {
  if (scaleA === scaleB) return compareHybrid(a, b);
  const scale = Math.max(scaleA, scaleB);
  return compareHybrid(rescale(a, scaleA, scale), rescale(b, scaleB, scale));
}

/** `1250` at scale 2 is `12.50`. */
export function printDecimal(value: Hybrid, scale: number): string {
  if (scale === 0) return String(value);
  const negative = value < 0;
  const digits = String(negative ? -value : value).padStart(scale + 1, '0');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Nearest double (correctly rounded through its decimal text). */
export function decimalToNumber(value: Hybrid, scale: number): number {
  if (scale === 0) return Number(value);
  // Both parts exact doubles: one correctly rounded division.
  if (typeof value === 'number' && scale <= 15) return value / (NUMBER_POWERS[scale] as number);
  return Number(printDecimal(value, scale));
}

export interface DecimalText {
  /** Unscaled, without trailing zeros beyond the point. */
  readonly unscaled: bigint;
  readonly scale: number;
}

/** `-12.50`, `1e3`, `.5`: digits, optionally a point, optionally an exponent. null if it is none. */
export function parseDecimalText(text: string): DecimalText | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
  if (match === null) return null;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? '';
  if (whole.length + fraction.length === 0 || whole.length + fraction.length > 2000) return null;
  const exponent = match[4] === undefined ? 0 : Number(match[4]);
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - exponent;
  if (digits === 0n) return { unscaled: 0n, scale: 0 };
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale--;
  }
  if (scale < 0) {
    if (scale < -400) return null;
    digits *= powerOfTen(-scale);
    scale = 0;
  }
  return { unscaled: match[1] === '-' ? -digits : digits, scale };
}

/** The unscaled value at (precision, scale) if the text fits without loss, else null. */
export function parseDecimalExact(text: string, precision: number, scale: number): Hybrid | null {
  const parsed = parseDecimalText(text);
  if (parsed === null || parsed.scale > scale) return null;
  const unscaled = parsed.unscaled * powerOfTen(scale - parsed.scale);
  const value = normaliseBigint(unscaled);
  return fitsPrecision(value, precision) ? value : null;
}
