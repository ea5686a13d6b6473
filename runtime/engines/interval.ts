/** What is due once some time has gone by. A clock that is set back makes it due at once, instead of leaving it out until the old time comes again. */
export class Interval {
  #from: number;
  #lengthMicros: number;

  constructor(nowMicros: number, lengthMicros: number) {
    this.#from = nowMicros;
    this.#lengthMicros = lengthMicros;
  }

  start(nowMicros: number, lengthMicros: number): void {
    this.#from = nowMicros;
    this.#lengthMicros = lengthMicros;
  }

  leftMicros(nowMicros: number): number {
    return nowMicros < this.#from ? 0 : Math.max(0, this.#from + this.#lengthMicros - nowMicros);
  }

  isDue(nowMicros: number): boolean {
    return this.leftMicros(nowMicros) === 0;
  }
}
