/**
 * JSON in and out without loss: digits of bigints and decimals survive in both directions. Parsed objects are read with own-property
 * checks only, so a column may be called `__proto__`.
 */
import { printDecimal } from './decimal.ts';
import type { Hybrid } from './hybrid.ts';
import { printInterval } from './interval.ts';
import { printDate, printTimestamp } from './temporal.ts';
import {
  clip,
  doubleWord,
  type ReadResult,
  readDateText,
  readDecimalText,
  readDouble,
  readIntegerText,
  readString,
  readTimestampText,
  refused,
  taken,
} from './text.ts';
import type { IntervalValue, SqlType, Value } from './types.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * A JSON value by its column's type. `raw` gives the digits as written; it is called only where a double could have lost some.
 * bigint and decimal may come as strings, nothing else may (rules.md 12).
 */
export function readJsonValue(json: Json | undefined, type: SqlType, raw: () => string | null): ReadResult {
  if (json === undefined || json === null) return taken(null);
  switch (type.kind) {
    case 'smallint':
    case 'integer':
      if (typeof json !== 'number') return wrongType(json, type);
      return Number.isSafeInteger(json)
        ? readIntegerText(String(json), type)
        : readIntegerText(raw() ?? String(json), type);
    case 'bigint':
      if (typeof json === 'string') return readIntegerText(json, type);
      if (typeof json !== 'number') return wrongType(json, type);
      return Number.isSafeInteger(json) ? taken(json === 0 ? 0 : json) : readIntegerText(raw() ?? String(json), type);
    case 'decimal':
      if (typeof json === 'string') return readDecimalText(json, type.precision, type.scale);
      if (typeof json !== 'number') return wrongType(json, type);
      return readDecimalText(shortDigits(json) ?? raw() ?? String(json), type.precision, type.scale);
    case 'real':
    case 'double':
      return readJsonDouble(json, type);
    case 'boolean':
      return typeof json === 'boolean' ? taken(json) : wrongType(json, type);
    case 'text':
      return typeof json === 'string' ? readString(json, type) : wrongType(json, type);
    case 'date':
      return typeof json === 'string' ? readDateText(json) : wrongType(json, type);
    case 'timestamp':
    case 'timestamptz':
      return typeof json === 'string' ? readTimestampText(json) : wrongType(json, type);
    case 'interval':
    case 'unknown':
      return refused(`a column cannot be ${type.kind}`);
  }
}

function readJsonDouble(json: Json, type: SqlType): ReadResult {
  if (typeof json === 'number')
    return Number.isFinite(json) ? readDouble(json, type) : refused('number is out of range for double precision');
  const word = typeof json === 'string' ? doubleWord(json) : null;
  return word === null ? wrongType(json, type) : taken(word);
}

/** Up to 15 significant digits survive a double: its shortest text is what was written. */
function shortDigits(value: number): string | null {
  const text = String(value);
  return /e/.test(text) || text.replace(/[-.]/g, '').replace(/^0+/, '').length > 15 ? null : text;
}

function wrongType(json: Json, type: SqlType): ReadResult {
  const kind =
    json === null
      ? 'null'
      : Array.isArray(json)
        ? 'an array'
        : typeof json === 'object'
          ? 'an object'
          : `${typeof json} ${clip(JSON.stringify(json))}`;
  return refused(`${kind} is no ${type.kind === 'double' ? 'double precision' : type.kind}`);
}

/** The JSON text of a result value (cli.md, JSON results). `numbers: 'string'` quotes integers and decimals. */
export function printJsonValue(value: Value, type: SqlType, numbers: 'json' | 'string' = 'json'): string {
  if (value === null) return 'null';
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return numbers === 'string' ? `"${String(value)}"` : String(value);
    case 'decimal': {
      const text = printDecimal(value as Hybrid, type.scale);
      return numbers === 'string' ? `"${text}"` : text;
    }
    case 'real':
    case 'double':
      return printJsonDouble(value as number);
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'text':
      return JSON.stringify(value);
    case 'date':
      return `"${printDate(value as number)}"`;
    case 'timestamp':
    case 'timestamptz':
      return `"${printTimestamp(value as number)}"`;
    case 'interval':
      return JSON.stringify(printInterval(value as IntervalValue));
    case 'unknown':
      return 'null';
  }
}

function printJsonDouble(value: number): string {
  if (Number.isFinite(value)) return String(value === 0 ? 0 : value);
  return value > 0 ? '"Infinity"' : value < 0 ? '"-Infinity"' : '"NaN"';
}

/**
 * The text of the value at `path` in a JSON text that has been parsed already (so it is well-formed), or null if there is none. Of
 * repeated keys the last counts, as in JSON.parse.
 */
export function rawJsonAt(text: string, path: readonly string[]): string | null {
  let start = skipBlank(text, 0);
  let end = skipValue(text, start);
  for (const key of path) {
    if (text[start] !== '{') return null;
    const found = findKey(text, start, key);
    if (found === null) return null;
    [start, end] = found;
  }
  return text.slice(start, end);
}

function findKey(text: string, objectStart: number, key: string): [number, number] | null {
  let found: [number, number] | null = null;
  for (let member = firstMember(text, objectStart); member !== null; member = memberAfter(text, member.end)) {
    if (member.name === key) found = [member.start, member.end];
  }
  return found;
}

/** Names of an object's members as they are written: JSON.parse moves those that look like an array's indices to the front. */
export function memberNames(text: string): readonly string[] {
  const names = new Set<string>();
  const object = skipBlank(text, 0);
  for (let member = firstMember(text, object); member !== null; member = memberAfter(text, member.end)) {
    names.add(member.name);
  }
  return [...names];
}

interface Member {
  readonly name: string;
  /** Where the value begins and ends. */
  readonly start: number;
  readonly end: number;
}

function firstMember(text: string, objectStart: number): Member | null {
  return memberAt(text, skipBlank(text, objectStart + 1));
}

function memberAfter(text: string, end: number): Member | null {
  const at = skipBlank(text, end);
  return text[at] === ',' ? memberAt(text, skipBlank(text, at + 1)) : null;
}

function memberAt(text: string, at: number): Member | null {
  if (text[at] !== '"') return null;
  const nameEnd = skipValue(text, at);
  const start = skipBlank(text, skipBlank(text, nameEnd) + 1);
  return { name: JSON.parse(text.slice(at, nameEnd)) as string, start, end: skipValue(text, start) };
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 32) at++;
  return at;
}

function skipValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return skipString(text, from);
  if (first === '{' || first === '[') return skipNested(text, from);
  let at = from;
  while (at < text.length && !',}] \n\r\t'.includes(text[at] as string)) at++;
  return at;
}

function skipString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === 92) at++;
    else if (c === 34) return at + 1;
  }
  return text.length;
}

function skipNested(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = skipString(text, at) - 1;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
