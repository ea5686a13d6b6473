/** What the values of one field look like, from which its column is declared. */
import { parseDecimalText } from '../../runtime/values/decimal.ts';
import { parseDate, parseTimestamp, RANGE_END_MICROS, RANGE_START_MICROS } from '../../runtime/values/temporal.ts';
import { doubleWord, textFault } from '../../runtime/values/text.ts';
import { MICROS_PER_DAY, type SqlType } from '../../runtime/values/types.ts';

export interface FieldShape {
  readonly path: readonly string[];
  /** What a Parquet file says; null for texts. */
  readonly fileType: SqlType | null;
  /** Why no column can take it, whatever its values. */
  readonly unusable: string | null;
}

/** A value as a file has it: text of a CSV file or a JSON string, digits of a number, … */
export type Cell =
  | null
  | boolean
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'instant'; readonly micros: number }
  /** Not a value that a column takes. */
  | { readonly kind: 'other'; readonly what: string };

/** More distinct values than this are not told apart: such a field is no entity of a first view. */
const MAX_DISTINCT = 200_000;

export class FieldProfile {
  readonly path: readonly string[];
  readonly fileType: SqlType | null;
  readonly unusable: string | null;
  /** A CSV file: nothing says whether `1` is a number. */
  readonly isUntyped: boolean;
  values = 0;
  booleans = 0;
  readonly numbers = new NumberProfile();
  readonly texts = new TextProfile();
  readonly instants = new InstantProfile();
  others: string | null = null;
  /** NULL somewhere behind the records that were looked at. */
  hasLaterNulls = false;
  /** Of the last record that has one, as it would be typed on a command line. */
  lastText: string | null = null;
  #distinct: Set<string> | null = new Set();

  constructor({ path, fileType, unusable }: FieldShape, isUntyped: boolean) {
    this.path = path;
    this.fileType = fileType;
    this.unusable = unusable;
    this.isUntyped = isUntyped;
  }

  add(cell: Cell): void {
    if (cell === null) return;
    this.values += 1;
    if (typeof cell === 'boolean') {
      this.booleans += 1;
      this.#note(String(cell));
      return;
    }
    switch (cell.kind) {
      case 'text':
        this.texts.add(cell.text);
        this.#note(cell.text);
        break;
      case 'number':
        this.numbers.add(cell.digits);
        this.#note(cell.digits);
        break;
      case 'instant':
        this.instants.add(cell.micros);
        break;
      case 'other':
        this.others = cell.what;
        break;
    }
  }

  #note(text: string): void {
    this.lastText = text;
    if (this.#distinct === null) return;
    this.#distinct.add(text);
    if (this.#distinct.size > MAX_DISTINCT) this.#distinct = null;
  }

  /** Infinity: too many to be told apart. */
  get distinct(): number {
    return this.#distinct?.size ?? Number.POSITIVE_INFINITY;
  }
}

/** Digits of numbers: how many, and how many after the point. */
export class NumberProfile {
  count = 0;
  wholeDigits = 0;
  scale = 0;
  /** Written with an exponent or as NaN: no decimal. */
  hasFloats = false;
  least = Number.POSITIVE_INFINITY;
  greatest = Number.NEGATIVE_INFINITY;
  /** How far a number was below the greatest before it, at most. */
  lag = 0;

  add(digits: string): void {
    this.count += 1;
    const value = Number(digits);
    if (this.greatest - value > this.lag) this.lag = this.greatest - value;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
    const match = /^-?(\d+)(?:\.(\d+))?$/.exec(digits);
    if (match === null) this.hasFloats = true;
    else {
      this.wholeDigits = Math.max(this.wholeDigits, (match[1] as string).replace(/^0+/, '').length);
      this.scale = Math.max(this.scale, (match[2] ?? '').length);
    }
  }

  get isWhole(): boolean {
    return !this.hasFloats && this.scale === 0;
  }

  /** The numbers as counts of so many microseconds; roughly. */
  instants(microsPerUnit: number): InstantProfile {
    const instants = new InstantProfile();
    for (const value of [this.least, this.greatest]) instants.add(value * microsPerUnit);
    instants.lag = this.lag * microsPerUnit;
    return instants;
  }
}

/** Which types every text could be read as. */
export class TextProfile {
  count = 0;
  readonly numbers = new NumberProfile();
  readonly instants = new InstantProfile();
  #isNumber = true;
  #isBoolean = true;
  #isInstant = true;
  #isDate = true;
  /** U+0000, lone surrogates: such a record is refused. */
  faults = 0;

  add(text: string): void {
    this.count += 1;
    if (textFault(text) !== null) this.faults += 1;
    const trimmed = text.trim();
    if (this.#isBoolean && !/^(true|false)$/i.test(trimmed)) this.#isBoolean = false;
    if (this.#isNumber) this.#addNumber(trimmed);
    if (this.#isInstant || this.#isDate) this.#addInstant(trimmed);
  }

  #addNumber(text: string): void {
    if (doubleWord(text) !== null) this.numbers.hasFloats = true;
    // `007` and `+1` are texts whose first characters matter.
    else if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) && parseDecimalText(text) !== null) {
      this.numbers.add(text);
    } else this.#isNumber = false;
  }

  #addInstant(text: string): void {
    if (this.#isDate && parseDate(text) === null) this.#isDate = false;
    const micros = parseTimestamp(text);
    if (micros === null) {
      this.#isInstant = false;
      this.#isDate = false;
    } else this.instants.add(micros);
  }

  get isBoolean(): boolean {
    return this.count > 0 && this.#isBoolean;
  }

  get isNumber(): boolean {
    return this.numbers.count > 0 && this.#isNumber;
  }

  get isInstant(): boolean {
    return this.count > 0 && this.#isInstant;
  }

  /** An instant without a time of day. */
  get isDate(): boolean {
    return this.isInstant && this.#isDate;
  }
}

export class InstantProfile {
  count = 0;
  least = Number.POSITIVE_INFINITY;
  greatest = Number.NEGATIVE_INFINITY;
  outOfRange = 0;
  /** How far behind the newest before it a record was, at most. */
  lag = 0;
  hasTimeOfDay = false;

  add(micros: number): void {
    this.count += 1;
    if (!(micros >= RANGE_START_MICROS && micros < RANGE_END_MICROS)) {
      this.outOfRange += 1;
      return;
    }
    if (micros % MICROS_PER_DAY !== 0) this.hasTimeOfDay = true;
    if (this.greatest - micros > this.lag) this.lag = this.greatest - micros;
    if (micros < this.least) this.least = micros;
    if (micros > this.greatest) this.greatest = micros;
  }
}
