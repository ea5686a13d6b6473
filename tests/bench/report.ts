/** One figure of a benchmark. `goal`: what it is held to; `least` or `most` says which way. */
export interface Goal {
  readonly least?: number;
  readonly most?: number;
}

const isJson = process.argv.includes('--json');

/** A line a figure; JSON with --json. */
export function report(bench: string, name: string, value: number, unit: string, goal: Goal = {}): void {
  if (isJson) {
    console.log(JSON.stringify({ bench, name, value, unit, least: goal.least ?? null, most: goal.most ?? null }));
    return;
  }
  const shown = value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
  console.log(`${name.padEnd(58)} ${shown.padStart(12)} ${unit}${goalText(value, goal)}`);
}

function goalText(value: number, { least, most }: Goal): string {
  if (least !== undefined) return `  (at least ${least.toLocaleString('en')}${value < least ? ': MISSED' : ''})`;
  if (most !== undefined) return `  (at most ${most.toLocaleString('en')}${value > most ? ': MISSED' : ''})`;
  return '';
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

/** CPU time of this process: on a machine that others use too, wall time says little. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
