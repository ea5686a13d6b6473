import { MICROS_PER_MINUTE } from '../values/types.ts';
import type { Partitions } from './partitions.ts';

/** A live partition that says nothing new for this long is left out of the settle line (rules.md 6). */
export const IDLE_AFTER_MICROS = MICROS_PER_MINUTE;

/** Looks at the clock, so its decisions are journaled, and a replay repeats them instead of looking. */
export class IdleWatch {
  #newest: number[] = [];
  #since: number[] = [];

  /** Partitions that have become idle by now. */
  look(partitions: Partitions, nowMicros: number): readonly string[] {
    const { names } = partitions;
    // One partition alone holds nobody back.
    if (names.length < 2) return [];
    const idle: string[] = [];
    for (let i = 0; i < names.length; i += 1) {
      const newest = partitions.newestOf(i);
      if (this.#newest[i] !== newest) {
        this.#newest[i] = newest;
        this.#since[i] = nowMicros;
      } else if (nowMicros - this.#since[i]! > IDLE_AFTER_MICROS && !partitions.isIdle(i)) idle.push(names[i]!);
    }
    return idle;
  }
}
