import type { LogBatch } from '../log/contract.ts';

type State =
  | { readonly kind: 'none' }
  | { readonly kind: 'asked' }
  | { readonly kind: 'here'; readonly batch: LogBatch | null }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The batch after this one, waited for in slices: a source may say nothing for days, and a stop can't wait for it. */
export class NextBatch {
  readonly #ask: () => Promise<LogBatch | null>;
  #state: State = { kind: 'none' };
  #wake: (() => void) | null = null;

  constructor(ask: () => Promise<LogBatch | null>) {
    this.#ask = ask;
  }

  /** Asks for it if nobody has. False: it is not here after that time, or `interrupt` was called. */
  async wait(limitMs: number): Promise<boolean> {
    if (this.#state.kind === 'none') this.#start();
    if (this.#state.kind === 'asked') await this.#sleep(limitMs);
    return this.#state.kind === 'here' || this.#state.kind === 'failed';
  }

  /** After `wait` gave true. null: the log has ended. */
  take(): LogBatch | null {
    const state = this.#state;
    this.#state = { kind: 'none' };
    if (state.kind === 'failed') throw state.error;
    if (state.kind !== 'here') throw new Error('no batch is here');
    return state.batch;
  }

  /** The log is at work on a batch that nobody has taken. */
  get isAsked(): boolean {
    return this.#state.kind !== 'none';
  }

  interrupt(): void {
    this.#wake?.();
  }

  #start(): void {
    this.#state = { kind: 'asked' };
    this.#ask().then(
      (batch) => this.#settle({ kind: 'here', batch }),
      (error: unknown) => this.#settle({ kind: 'failed', error }),
    );
  }

  #settle(state: State): void {
    this.#state = state;
    this.#wake?.();
  }

  #sleep(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(limitMs) ? setTimeout(() => this.#wake?.(), limitMs) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}
