import { formatCount } from '../runtime/values/counted.ts';
import type { GlobalFlags, Io } from './io.ts';

/**
 * A bar with a rate on a terminal, redrawn at most ten times a second; nothing elsewhere. `end` clears it, also after Ctrl-C, so that the
 * terminal is as it was.
 */
export class Progress {
  readonly #io: Io;
  readonly #on: boolean;
  readonly #label: string;
  readonly #total: number | null;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #drawnMs = 0;

  constructor(io: Io, flags: GlobalFlags, label: string, total: number | null, nowMs: () => number) {
    this.#io = io;
    this.#on = io.stderr.isTTY === true && !flags.quiet && io.env['TERM'] !== 'dumb';
    this.#label = label;
    this.#total = total;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  update(done: number): void {
    if (!this.#on) return;
    const now = this.#nowMs();
    if (now - this.#drawnMs < 100) return;
    this.#drawnMs = now;
    const seconds = Math.max(0.001, (now - this.#startedMs) / 1000);
    const rate = `${formatCount(Math.round(done / seconds))}/s`;
    const text =
      this.#total === null
        ? `${formatCount(done)}  ${rate}`
        : `${bar(done / this.#total)} ${formatCount(done)} of ${formatCount(this.#total)}  ${rate}`;
    this.#io.stderr.write(`\r\u001b[2K${this.#label} ${text}`);
  }

  end(): void {
    if (!this.#on || this.#drawnMs === 0) return;
    this.#io.stderr.write('\r\u001b[2K');
    this.#drawnMs = 0;
  }
}

function bar(share: number): string {
  const width = 24;
  const full = Math.max(0, Math.min(width, Math.round(share * width)));
  return `[${'█'.repeat(full)}${'░'.repeat(width - full)}]`;
}
