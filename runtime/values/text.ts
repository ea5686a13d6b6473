/** Values from text (CSV, command line) and the checks that every reader shares. A value is taken only if it fits without loss (rules.md 12). */
import { parseDecimalExact, parseDecimalText } from './decimal.ts';
import { fitsInt64, normaliseBigint } from './hybrid.ts';
import { inTimestampRange, parseDate, parseTimestamp } from './temporal.ts';
import { printType, type SqlType, type Value } from './types.ts';

export type ReadResult = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

export function taken(value: Value): ReadResult {
  return { ok: true, value };
}

export function refused(reason: string): ReadResult {
  return { ok: false, reason };
}

const INT_LIMITS = { smallint: 32767, integer: 2147483647 } as const;

/** A number's digits as an integer type: `1.0` is 1, `1.5` is refused. */
export function readIntegerText(text: string, type: SqlType): ReadResult {
  const parsed = parseDecimalText(text);
  if (parsed === null) return refused(`\`${clip(text)}\` is no ${printType(type)}`);
  if (parsed.scale > 0) return refused(`${clip(text)} does not fit ${printType(type)} without loss`);
  const value = normaliseBigint(parsed.unscaled);
  const fits = type.kind === 'bigint' ? fitsInt64(value) : typeof value === 'number' && fitsSmall(type.kind, value);
  return fits ? taken(value) : refused(`${clip(text)} is out of range for ${printType(type)}`);
}

function fitsSmall(kind: SqlType['kind'], value: number): boolean {
  const limit = kind === 'smallint' ? INT_LIMITS.smallint : INT_LIMITS.integer;
  return value <= limit && value >= -limit - 1;
}

export function readDecimalText(text: string, precision: number, scale: number): ReadResult {
  const value = parseDecimalExact(text, precision, scale);
  if (value !== null) return taken(value);
  const known = parseDecimalText(text) !== null;
  return refused(
    known
      ? `${clip(text)} does not fit decimal(${precision},${scale}) without loss`
      : `\`${clip(text)}\` is no decimal`,
  );
}

/** −0 becomes 0; for real the value must fit its range. */
export function readDouble(value: number, type: SqlType): ReadResult {
  if (type.kind === 'real') {
    const rounded = Math.fround(value);
    if (Number.isFinite(value) && !Number.isFinite(rounded)) return refused(`${value} is out of range for real`);
    return taken(rounded === 0 ? 0 : rounded);
  }
  return taken(value === 0 ? 0 : value);
}

/** Only what the double stands for exactly. */
export function readIntegerAsDouble(integer: bigint, type: SqlType): ReadResult {
  const value = Number(integer);
  if (BigInt(value) !== integer) return refused(`${integer} does not fit ${printType(type)} without loss`);
  return readDouble(value, type);
}

const DOUBLE_WORDS: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

export function doubleWord(text: string): number | null {
  return DOUBLE_WORDS.get(text.toLowerCase()) ?? null;
}

/** Text of a column: no U+0000, no lone surrogate, at most n characters. */
export function readString(text: string, type: SqlType): ReadResult {
  const fault = textFault(text);
  if (fault !== null) return refused(fault);
  if (
    type.kind === 'text' &&
    type.maxLength !== null &&
    text.length > type.maxLength &&
    codePointLength(text) > type.maxLength
  ) {
    return refused(`text of ${codePointLength(text)} characters is too long for ${printType(type)}`);
  }
  return taken(text);
}

/** Why a string cannot be text in any of the databases, or null. */
export function textFault(text: string): string | null {
  if (text.includes('\u0000')) return 'text holds U+0000';
  return /[\ud800-\udfff]/.test(text) && !text.isWellFormed() ? 'text holds a lone surrogate' : null;
}

export function codePointLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc00 || unit > 0xdfff) length++;
  }
  return length;
}

export function readTimestampText(text: string): ReadResult {
  const micros = parseTimestamp(text);
  if (micros === null) return noTimestamp(text);
  return inTimestampRange(micros) ? taken(micros) : refused(`${clip(text)} is out of range for timestamp`);
}

/** Nanoseconds are written by many, and look right. */
export function noTimestamp(text: string): ReadResult {
  const isFiner = text.length < 64 && parseTimestamp(text.replace(/(\.\d{6})\d+/, '$1')) !== null;
  return refused(`\`${clip(text)}\` is no timestamp${isFiner ? ': it has more than six decimals' : ''}`);
}

export function readDateText(text: string): ReadResult {
  const days = parseDate(text);
  return days === null ? refused(`\`${clip(text)}\` is no date`) : taken(days);
}

/** A value from text by its type, literally (`null` is text). For CSV fields and KEY=VALUE. */
export function readTextValue(text: string, type: SqlType): ReadResult {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return readIntegerText(text.trim(), type);
    case 'decimal':
      return readDecimalText(text.trim(), type.precision, type.scale);
    case 'real':
    case 'double': {
      const word = doubleWord(text.trim());
      if (word !== null) return taken(word);
      return readDoubleText(text.trim(), type);
    }
    case 'boolean':
      return readBooleanText(text.trim());
    case 'text':
      return readString(text, type);
    case 'date':
      return readDateText(text.trim());
    case 'timestamp':
    case 'timestamptz':
      return readTimestampText(text.trim());
    case 'interval':
    case 'unknown':
      return refused(`a column cannot be ${type.kind}`);
  }
}

function readDoubleText(text: string, type: SqlType): ReadResult {
  if (parseDecimalText(text) === null) return refused(`\`${clip(text)}\` is no number`);
  const value = Number(text);
  return Number.isFinite(value)
    ? readDouble(value, type)
    : refused(`${clip(text)} is out of range for double precision`);
}

function readBooleanText(text: string): ReadResult {
  if (/^(true|t)$/i.test(text)) return taken(true);
  if (/^(false|f)$/i.test(text)) return taken(false);
  return refused(`\`${clip(text)}\` is no boolean`);
}

export function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
