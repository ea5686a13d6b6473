/**
 * JSON objects read from the bytes of their lines, straight into columns: no object, no string a record. Only what is spelled the way nearly
 * every producer spells it: no escapes, no exponents, up to 15 digits, values of the column's own type. Anything else, and anything wrong, is
 * left to JsonDecoder, which knows every rule; what is read here is what it would have read.
 */
import type { NumericVector, TextVector } from '../values/batch.ts';
import { daysFromCivil, daysInMonth } from '../values/temporal.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../values/types.ts';
import { addByte, type ByteInterner } from './byte-interner.ts';
import { EPOCH_MICROS, type FieldSpec, type RecordColumns } from './record-columns.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** So many digits are a double whatever they are, and so is ten to the power of their number. */
const MAX_DIGITS = 15;
const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, i) => Number(`1e${i}`));
const MAX_DEPTH = 64;
/** Names of fields, those that no column takes too. */
const MAX_NAMES = 128;
const NOT_PLAIN = -1;

type Kind =
  | 'unknown'
  | 'text'
  | 'instant'
  | 'date'
  | 'integer'
  | 'epoch'
  | 'decimal'
  | 'double'
  | 'boolean'
  /** Read by JsonDecoder. */
  | 'other';

/** A name as it stands in a record, with its quotes, and what to do with its values. */
interface Name {
  readonly bytes: Uint8Array;
  /** The name and its colon, four bytes a word; of the last word, those bytes that count. */
  readonly words: Int32Array;
  readonly lastMask: number;
  /** −1: of no column. */
  readonly column: number;
  readonly kind: Kind;
  /** Line (of this reader) in which it was seen last. */
  seen: number;
  /** What followed it last: records of one producer are alike. */
  next: Name | null;
}

/** What a column takes; `limit` is the greatest number, for text the most bytes that are surely no more characters than it may have. */
interface Target {
  readonly kind: Kind;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly limit: number;
  readonly scale: number;
}

export class PlainJsonReader {
  /** Fields of the last record that no column takes. */
  unknownFields = 0;
  readonly #columns: RecordColumns;
  readonly #targets: readonly Target[];
  readonly #vectors: readonly (NumericVector | TextVector)[];
  readonly #interners: readonly (ByteInterner | null)[];
  readonly #fixed: readonly Name[];
  #names: Name[];
  #first: Name;
  #line = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** What was read: in memory of its own, because a field that holds doubles makes one for each. */
  readonly #number = new Float64Array(1);
  #fraction = 0;
  #day = -1;
  #dayMicros = 0;

  /** null: fields that can't be found by one name each. */
  static over(
    fields: readonly FieldSpec[],
    columns: RecordColumns,
    interners: readonly (ByteInterner | null)[],
  ): PlainJsonReader | null {
    const names = new Set(fields.map((field) => field.path[0]!));
    const isFlat = fields.every(({ path }) => path.length === 1 && isPlainName(path[0]!));
    if (!isFlat || fields.length === 0 || names.size < fields.length || names.size > MAX_NAMES / 2) return null;
    return new PlainJsonReader(fields, columns, interners);
  }

  private constructor(
    fields: readonly FieldSpec[],
    columns: RecordColumns,
    interners: readonly (ByteInterner | null)[],
  ) {
    this.#columns = columns;
    this.#vectors = columns.columns;
    this.#interners = interners;
    this.#targets = fields.map(targetOf);
    this.#fixed = fields.map((field, column) =>
      nameOf(Buffer.from(`"${field.path[0]!}"`), column, this.#targets[column]!.kind),
    );
    this.#names = [...this.#fixed];
    this.#first = this.#fixed[0]!;
  }

  /** Fills the row from the record that stands in `[start, end)`, which is valid UTF-8. False: it is not a plain one; the row is to be read anew. */
  read(bytes: Buffer, start: number, end: number, row: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    if (this.#read(bytes, start, end, row)) return true;
    this.#columns.unsetNulls(row);
    return false;
  }

  #read(bytes: Buffer, start: number, end: number, row: number): boolean {
    this.#line += 1;
    const line = this.#line;
    let name: Name | null = null;
    let columns = 0;
    let unknown = 0;
    let at = afterBlank(bytes, start);
    if (bytes[at] !== OPEN) return false;
    at = afterBlank(bytes, at + 1);
    for (;;) {
      const guess: Name | null = name === null ? this.#first : name.next;
      if (guess !== null && this.#isAt(guess, at)) {
        name = guess;
        at += name.bytes.length;
      } else {
        name = this.#nameAt(bytes, at, name);
        if (name === null) return false;
        at = afterBlank(bytes, at + name.bytes.length);
        if (bytes[at] !== COLON) return false;
      }
      if (name.seen === line) return false;
      name.seen = line;
      at = afterBlank(bytes, at + 1);
      if (name.column < 0) {
        unknown += 1;
        at = skipValue(bytes, at, 0);
      } else {
        columns += 1;
        at = this.#value(bytes, at, name.kind, name.column, row);
      }
      if (at === NOT_PLAIN) return false;
      at = afterBlank(bytes, at);
      const code = bytes[at];
      at = afterBlank(bytes, at + 1);
      if (code === COMMA) continue;
      if (code !== CLOSE) return false;
      break;
    }
    // Blanks after the record may have been passed over together with the newline and the blanks of the next one.
    if (at < end || !isEnd(bytes, at, end)) return false;
    this.unknownFields = unknown;
    return columns === this.#fixed.length || this.#setMissing(line, row);
  }

  #setMissing(line: number, row: number): boolean {
    for (let i = 0; i < this.#fixed.length; i += 1) {
      if (this.#fixed[i]!.seen === line) continue;
      const { nullable, hasDefault } = this.#targets[i]!;
      if (!nullable || hasDefault) return false;
      this.#columns.setNull(i, row);
    }
    return true;
  }

  /** Whether the name and its colon stand there. It may say no of the last bytes of all. */
  #isAt({ words, lastMask }: Name, at: number): boolean {
    const view = this.#view;
    const last = words.length - 1;
    if (at + 4 * words.length > view.byteLength) return false;
    for (let i = 0; i < last; i += 1) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    return (view.getInt32(at + 4 * last, true) & lastMask) === words[last];
  }

  /** The name that stands there, which then is what follows the one before it. */
  #nameAt(bytes: Buffer, at: number, before: Name | null): Name | null {
    const found = this.#names.find((name) => isAt(name.bytes, bytes, at)) ?? this.#newName(bytes, at);
    if (found === null) return null;
    if (before === null) this.#first = found;
    else before.next = found;
    return found;
  }

  #newName(bytes: Buffer, at: number): Name | null {
    const end = skipString(bytes, at);
    if (end === NOT_PLAIN) return null;
    if (this.#names.length >= MAX_NAMES) {
      this.#names = [...this.#fixed];
      for (const name of this.#fixed) name.next = null;
      this.#first = this.#fixed[0]!;
      return null;
    }
    const name = nameOf(bytes.subarray(at, end), -1, 'unknown');
    this.#names.push(name);
    return name;
  }

  /** Where the value ends. */
  #value(bytes: Buffer, at: number, kind: Kind, column: number, row: number): number {
    const target = this.#targets[column]!;
    if (bytes[at] === 0x6e) {
      if (!target.nullable || !isWord(bytes, at, 0x75, 0x6c, 0x6c)) return NOT_PLAIN;
      this.#columns.setNull(column, row);
      return at + 4;
    }
    const vector = this.#vectors[column]!;
    if (vector.kind === 'text') return kind === 'text' ? this.#text(bytes, at, vector, target, column, row) : NOT_PLAIN;
    const { values } = vector;
    switch (kind) {
      case 'instant':
        return this.#instant(bytes, at, values, row);
      case 'date':
        return this.#date(bytes, at, values, row);
      case 'boolean':
        return readBoolean(bytes, at, values, row);
      case 'other':
      case 'unknown':
      case 'text':
        return NOT_PLAIN;
      default:
        return this.#numberInto(bytes, at, kind, target, values, row);
    }
  }

  #text(bytes: Buffer, at: number, vector: TextVector, target: Target, column: number, row: number): number {
    if (bytes[at] !== QUOTE) return NOT_PLAIN;
    const start = at + 1;
    let end = start;
    let hash = 0;
    for (;;) {
      const byte = bytes[end]!;
      if (byte === QUOTE) break;
      // A control character, a backslash, or the end of the bytes.
      if (!(byte >= 0x20) || byte === BACKSLASH) return NOT_PLAIN;
      hash = addByte(hash, byte);
      end += 1;
    }
    if (end - start > target.limit) return NOT_PLAIN;
    const interner = this.#interners[column] ?? null;
    if (interner === null) vector.strings![row] = bytes.toString('utf8', start, end);
    else vector.codes![row] = interner.code(bytes, start, end, hash);
    return end + 1;
  }

  #numberInto(bytes: Buffer, at: number, kind: Kind, target: Target, values: Float64Array, row: number): number {
    const end = this.#readNumber(bytes, at);
    if (end === NOT_PLAIN) return NOT_PLAIN;
    const number = this.#number[0]!;
    const digits = this.#fraction;
    if (kind === 'double') values[row] = digits === 0 ? number : number / POWERS[digits]!;
    else if (kind === 'decimal') {
      if (digits > target.scale) return NOT_PLAIN;
      const unscaled = number * POWERS[target.scale - digits]!;
      if (!(Math.abs(unscaled) < target.limit)) return NOT_PLAIN;
      values[row] = unscaled;
    } else {
      // `-32768` fits, though 32768 does not.
      if (digits > 0 || number > target.limit || number < -target.limit - 1) return NOT_PLAIN;
      values[row] = kind === 'epoch' ? number * target.scale : number;
    }
    return end;
  }

  /** The digits as a whole number into `#number`, how many of them stand behind the point into `#fraction`. What follows is looked at later. */
  #readNumber(bytes: Buffer, from: number): number {
    const isNegative = bytes[from] === MINUS;
    const first = isNegative ? from + 1 : from;
    let at = first;
    let number = 0;
    let byte = bytes[at]!;
    for (; byte >= ZERO && byte <= NINE; byte = bytes[at]!) {
      number = number * 10 + (byte - ZERO);
      at += 1;
    }
    let digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return NOT_PLAIN;
    this.#fraction = 0;
    if (byte === POINT) {
      at += 1;
      const point = at;
      for (byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[at]!) {
        number = number * 10 + (byte - ZERO);
        at += 1;
      }
      if (at === point) return NOT_PLAIN;
      this.#fraction = at - point;
      digits += at - point;
    }
    if (digits > MAX_DIGITS) return NOT_PLAIN;
    // −0 is stored as 0.
    this.#number[0] = isNegative ? 0 - number : number;
    return at;
  }

  /** `"2001-03-01T12:00:00[.123456][Z]"` */
  #instant(bytes: Buffer, at: number, values: Float64Array, row: number): number {
    const day = this.#dayAt(bytes, at + 1);
    const separator = bytes[at + 11];
    if (bytes[at] !== QUOTE || day < 0 || (separator !== 0x54 && separator !== 0x20)) return NOT_PLAIN;
    if (bytes[at + 14] !== COLON || bytes[at + 17] !== COLON) return NOT_PLAIN;
    const hour = twoDigits(bytes, at + 12);
    const minute = twoDigits(bytes, at + 15);
    const second = twoDigits(bytes, at + 18);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return NOT_PLAIN;
    let end = at + 20;
    let fraction = 0;
    if (bytes[end] === POINT) {
      const first = end + 1;
      end = first;
      for (let byte = bytes[end]!; byte >= ZERO && byte <= NINE && end - first < 6; byte = bytes[end]!) {
        fraction = fraction * 10 + (byte - ZERO);
        end += 1;
      }
      if (end === first) return NOT_PLAIN;
      fraction *= POWERS[6 - (end - first)]!;
    }
    if (bytes[end] === 0x5a) end += 1;
    if (bytes[end] !== QUOTE) return NOT_PLAIN;
    values[row] = day + hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + fraction;
    return end + 1;
  }

  #date(bytes: Buffer, at: number, values: Float64Array, row: number): number {
    const day = this.#dayAt(bytes, at + 1);
    if (bytes[at] !== QUOTE || day < 0 || bytes[at + 11] !== QUOTE) return NOT_PLAIN;
    values[row] = day / MICROS_PER_DAY;
    return at + 12;
  }

  /** Microseconds of `2001-03-01`; negative: no day since 1970. Neighbours mostly share it, so the last one is kept. */
  #dayAt(bytes: Buffer, at: number): number {
    if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return NOT_PLAIN;
    const century = twoDigits(bytes, at);
    const decade = twoDigits(bytes, at + 2);
    const month = twoDigits(bytes, at + 5);
    const day = twoDigits(bytes, at + 8);
    if (century < 0 || decade < 0 || month < 1 || month > 12 || day < 1) return NOT_PLAIN;
    const year = century * 100 + decade;
    const key = (year * 16 + month) * 32 + day;
    if (key === this.#day) return this.#dayMicros;
    if (day > daysInMonth(year, month)) return NOT_PLAIN;
    this.#day = key;
    this.#dayMicros = daysFromCivil(year, month, day) * MICROS_PER_DAY;
    return this.#dayMicros;
  }
}

/** In a record it can stand between quotes as it is. */
function isPlainName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON writes these as escapes
  return name.isWellFormed() && !/["\\\u0000-\u001f]/.test(name);
}

function targetOf(field: FieldSpec): Target {
  const { type } = field;
  const hasDefault = field.defaultValue !== undefined && field.defaultValue !== null;
  const base = { nullable: field.nullable, hasDefault, limit: Number.POSITIVE_INFINITY, scale: 0 };
  if (field.epochUnit !== null) return { ...base, kind: 'epoch', scale: EPOCH_MICROS[field.epochUnit] };
  switch (type.kind) {
    case 'text':
      return { ...base, kind: 'text', limit: type.maxLength ?? Number.POSITIVE_INFINITY };
    case 'timestamp':
    case 'timestamptz':
      return { ...base, kind: 'instant' };
    case 'date':
      return { ...base, kind: 'date' };
    case 'boolean':
      return { ...base, kind: 'boolean' };
    case 'double':
      return { ...base, kind: 'double' };
    case 'smallint':
      return { ...base, kind: 'integer', limit: 32_767 };
    case 'integer':
      return { ...base, kind: 'integer', limit: 2_147_483_647 };
    case 'bigint':
      return { ...base, kind: 'integer' };
    case 'decimal': {
      if (type.scale > MAX_DIGITS) return { ...base, kind: 'other' };
      return { ...base, kind: 'decimal', scale: type.scale, limit: POWERS[Math.min(type.precision, MAX_DIGITS)]! };
    }
    default:
      return { ...base, kind: 'other' };
  }
}

/** `quoted`: the name with its quotes. */
function nameOf(quoted: Uint8Array, column: number, kind: Kind): Name {
  const size = quoted.length + 1;
  const token = new Uint8Array(Math.ceil(size / 4) * 4);
  token.set(quoted);
  token[size - 1] = COLON;
  const view = new DataView(token.buffer);
  const words = Int32Array.from({ length: token.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  const lastMask = size % 4 === 0 ? -1 : (1 << (8 * (size % 4))) - 1;
  return { bytes: token.slice(0, quoted.length), words, lastMask, column, kind, seen: 0, next: null };
}

function isAt(name: Uint8Array, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < name.length; i += 1) if (name[i] !== bytes[at + i]) return false;
  return true;
}

/** What JSON takes for blanks. */
function afterBlank(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at]!; byte <= 0x20; byte = bytes[at]!) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return at;
    at += 1;
  }
  return at;
}

/** Only blanks stood between the end of the line and this place. */
function isEnd(bytes: Buffer, at: number, end: number): boolean {
  for (let i = end; i < at; i += 1) if (bytes[i]! > 0x20) return false;
  return true;
}

function twoDigits(bytes: Buffer, at: number): number {
  const a = bytes[at]! - ZERO;
  const b = bytes[at + 1]! - ZERO;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : NOT_PLAIN;
}

function isWord(bytes: Buffer, at: number, second: number, third: number, fourth: number): boolean {
  return bytes[at + 1] === second && bytes[at + 2] === third && bytes[at + 3] === fourth;
}

function readBoolean(bytes: Buffer, at: number, values: Float64Array, row: number): number {
  const end = skipBoolean(bytes, at);
  if (end !== NOT_PLAIN) values[row] = bytes[at] === 0x74 ? 1 : 0;
  return end;
}

function skipBoolean(bytes: Buffer, at: number): number {
  if (bytes[at] === 0x74) return isWord(bytes, at, 0x72, 0x75, 0x65) ? at + 4 : NOT_PLAIN;
  if (bytes[at] !== 0x66 || bytes[at + 4] !== 0x65) return NOT_PLAIN;
  return isWord(bytes, at, 0x61, 0x6c, 0x73) ? at + 5 : NOT_PLAIN;
}

/** Where the string that begins there ends. */
function skipString(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) return NOT_PLAIN;
  for (let at = from + 1; ; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (!(byte >= 0x20) || byte === BACKSLASH) return NOT_PLAIN;
  }
}

/** A value that no column takes: it need only be one. */
function skipValue(bytes: Buffer, at: number, depth: number): number {
  const byte = bytes[at]!;
  if (byte === QUOTE) return skipString(bytes, at);
  if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return skipNumber(bytes, at);
  if (byte === OPEN || byte === OPEN_LIST) return depth < MAX_DEPTH ? skipNested(bytes, at, depth + 1) : NOT_PLAIN;
  if (byte === 0x6e) return isWord(bytes, at, 0x75, 0x6c, 0x6c) ? at + 4 : NOT_PLAIN;
  return skipBoolean(bytes, at);
}

function skipNumber(bytes: Buffer, from: number): number {
  const first = bytes[from] === MINUS ? from + 1 : from;
  let at = skipDigits(bytes, first);
  if (at === first || (at > first + 1 && bytes[first] === ZERO)) return NOT_PLAIN;
  if (bytes[at] !== POINT) return at;
  const point = at + 1;
  at = skipDigits(bytes, point);
  return at === point ? NOT_PLAIN : at;
}

function skipDigits(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[at]!) at += 1;
  return at;
}

function skipNested(bytes: Buffer, from: number, depth: number): number {
  const isObject = bytes[from] === OPEN;
  const close = isObject ? CLOSE : CLOSE_LIST;
  let at = afterBlank(bytes, from + 1);
  if (bytes[at] === close) return at + 1;
  for (;;) {
    if (isObject) {
      at = skipString(bytes, at);
      if (at === NOT_PLAIN) return NOT_PLAIN;
      at = afterBlank(bytes, at);
      if (bytes[at] !== COLON) return NOT_PLAIN;
      at = afterBlank(bytes, at + 1);
    }
    at = skipValue(bytes, at, depth);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = afterBlank(bytes, at);
    const code = bytes[at];
    at = code === close ? at + 1 : afterBlank(bytes, at + 1);
    if (code === close) return at;
    if (code !== COMMA) return NOT_PLAIN;
  }
}
