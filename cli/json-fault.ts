/**
 * Why a text is no JSON, and where: JSON.parse gives no place that holds from one Node.js to the next, and no edit. A key that stands twice
 * is a fault too, of which JSON.parse would take the last.
 */

export interface JsonFault {
  /** Where in the text. */
  readonly at: number;
  readonly why: string;
  readonly help: string;
}

/** null: there is none. */
export function jsonFault(text: string): JsonFault | null {
  try {
    new Scanner(text).whole();
    return null;
  } catch (error) {
    if (error instanceof Found) return error.fault;
    throw error;
  }
}

class Found extends Error {
  readonly fault: JsonFault;

  constructor(at: number, why: string, help: string) {
    super(why);
    this.fault = { at, why, help };
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
/** The part of a string up to what is wrong in it. */
const SOUND = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;
/** What somebody means who writes no quotes. */
const WORD = /(?:(?!\/[/*])[^\s"'{}[\],:#])+/y;
const SINGLE_QUOTED = /'((?:[^'\\\n]|\\.)*)'/y;
const CONSTANTS = ['true', 'false', 'null'];

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): void {
    this.#space();
    if (this.#at === this.#text.length) throw this.#fault('it is empty', 'write { "sources": { … } }');
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('there is more behind its end', 'remove it');
  }

  #value(): void {
    const [first] = this.#rest();
    if (first === '{') this.#items('}', () => new Set<string>());
    else if (first === '[') this.#items(']', () => null);
    else if (first === '"') this.#string();
    else if (!this.#isScalar()) throw this.#noValue();
  }

  /** Of an object or an array, from its first sign to its last. */
  #items(end: '}' | ']', keysOf: () => Set<string> | null): void {
    const keys = keysOf();
    this.#at += 1;
    this.#space();
    for (let comma = -1; this.#rest()[0] !== end || comma >= 0; ) {
      if (this.#rest()[0] === end) throw this.#fault('nothing follows this comma', 'remove the comma', comma);
      if (this.#at === this.#text.length) throw this.#unclosed(end);
      if (keys !== null) this.#key(keys);
      this.#value();
      this.#space();
      if (this.#rest()[0] === end) break;
      if (this.#at === this.#text.length) throw this.#unclosed(end);
      if (this.#rest()[0] !== ',') throw this.#fault(`a comma or ${end} is missing here`, 'write one before it');
      comma = this.#at;
      this.#at += 1;
      this.#space();
    }
    this.#at += 1;
  }

  #key(keys: Set<string>): void {
    const at = this.#at;
    if (this.#rest()[0] !== '"') throw this.#noKey();
    const key = this.#string();
    if (keys.has(key)) throw this.#fault(`the key \`${key}\` stands twice in this object`, 'remove one of them', at);
    keys.add(key);
    this.#space();
    if (this.#rest()[0] !== ':') throw this.#fault(`the key \`${key}\` has no value`, `write "${key}": …`, at);
    this.#at += 1;
    this.#space();
  }

  #string(): string {
    const found = this.#match(STRING)?.[0];
    if (found !== undefined) return JSON.parse(found) as string;
    const start = this.#at;
    this.#match(SOUND);
    const sign = this.#text[this.#at];
    if (sign === '\\')
      throw this.#fault('a string has a backslash that JSON does not know', 'write \\\\ for a backslash, or /');
    if (sign === '\t') throw this.#fault('a string has a tab', 'write \\t');
    throw this.#fault('a string is not closed on its line', 'end it with "', start);
  }

  #isScalar(): boolean {
    const start = this.#at;
    const word = this.#match(WORD)?.[0] ?? '';
    if (CONSTANTS.includes(word) || NUMBER.test(word)) return true;
    this.#at = start;
    return false;
  }

  #noValue(): Found {
    const word = this.#wordHere();
    if (word === null) return this.#fault('a value is missing here', 'write it, or remove the key or comma before it');
    return this.#fault(`\`${word}\` is no value of JSON`, `write ${JSON.stringify(word)}, if it is a text`);
  }

  #noKey(): Found {
    const word = this.#wordHere();
    if (word === null) return this.#fault('a key in double quotes is missing here', 'write "key": value');
    return this.#fault(`the key \`${word}\` stands in no double quotes`, `write ${JSON.stringify(word)}`);
  }

  #wordHere(): string | null {
    const start = this.#at;
    const single = this.#match(SINGLE_QUOTED)?.[1];
    if (single !== undefined) {
      const text = single.replaceAll("\\'", "'");
      throw this.#fault('strings stand in double quotes', `write ${JSON.stringify(text)}`, start);
    }
    if (this.#rest()[0] === "'") throw this.#fault('strings stand in double quotes', 'write " instead of \'');
    const word = this.#match(WORD)?.[0] ?? null;
    this.#at = start;
    return word;
  }

  #unclosed(end: '}' | ']'): Found {
    const kind = end === '}' ? 'an object' : 'an array';
    return this.#fault(`it ends within ${kind}`, `close it with ${end}`);
  }

  /** Past blanks; a comment stands where a blank may. */
  #space(): void {
    this.#match(SPACE);
    if (/^(?:#|\/\/|\/\*)/.test(this.#rest())) throw this.#fault('JSON has no comments', 'remove the comment');
  }

  #rest(): string {
    return this.#text.slice(this.#at, this.#at + 2);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #fault(why: string, help: string, at = this.#at): Found {
    return new Found(at, why, help);
  }
}
