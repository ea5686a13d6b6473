/** Records of a sorted source without an event time in range, as a position remembers them: by their number, and the first ones by their texts. */
import { createHash } from 'node:crypto';

/** A position stands in every frame of the journal. */
const MAX_NAMED = 256;
const DIGITS = 12;

export class UntimedRecords {
  /** Told, in this run or before. */
  count = 0;
  readonly #named: string[] = [];
  /** Told before, and not met yet in this run; a text may stand in several records. */
  readonly #toCome = new Map<string, number>();
  #unnamedToCome = 0;

  static none(): UntimedRecords {
    return new UntimedRecords();
  }

  /** As `toString` wrote it. */
  static told(text: string): UntimedRecords {
    const [count = '0', names = ''] = text.split(':');
    const records = new UntimedRecords();
    records.count = Number(count);
    for (let at = 0; at < names.length; at += DIGITS) {
      const name = names.slice(at, at + DIGITS);
      records.#named.push(name);
      records.#toCome.set(name, (records.#toCome.get(name) ?? 0) + 1);
    }
    records.#unnamedToCome = records.count - records.#named.length;
    return records;
  }

  /** Whether an earlier run told the record; if not it is told from now on. Beyond those with a name it is their number that is right. */
  isTold(text: string): boolean {
    const name = createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
    const left = this.#toCome.get(name) ?? 0;
    if (left > 0) {
      this.#toCome.set(name, left - 1);
      return true;
    }
    if (this.#unnamedToCome > 0) {
      this.#unnamedToCome -= 1;
      return true;
    }
    this.count += 1;
    if (this.#named.length < MAX_NAMED) this.#named.push(name);
    return false;
  }

  /** With only the first `count` told. */
  first(count: number): string {
    const names = this.#named.slice(0, count).join('');
    return names === '' ? String(count) : `${count}:${names}`;
  }

  toString(): string {
    return this.first(this.count);
  }
}
