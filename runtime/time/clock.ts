/** The only place that reads a clock. Everything else is handed one, so that a run can be repeated to the microsecond. */
export interface Clock {
  /** Microseconds since 1970-01-01, UTC. */
  nowMicros(): number;
}

const MICROS_PER_MILLI = 1000;

export const wallClock: Clock = {
  nowMicros: () => Date.now() * MICROS_PER_MILLI,
};

/** Stands still until it is moved. */
export class FixedClock implements Clock {
  #micros: number;

  constructor(micros: number) {
    this.#micros = micros;
  }

  nowMicros(): number {
    return this.#micros;
  }

  set(micros: number): void {
    this.#micros = micros;
  }

  advance(micros: number): void {
    this.#micros += micros;
  }
}
