/** A life that fails, told without the steps and records that it fails without as well. */
import { live } from './life.ts';
import type { Rec } from './records.ts';
import { LifeError } from './stage.ts';
import type { LifePlan, Step } from './steps.ts';

export interface Failure {
  readonly plan: LifePlan;
  /** The transcript, and what was wrong at its end. */
  readonly message: string;
}

/** null: it went as it should. `isThorough`: nothing is left to chance that is checked at all. */
export async function failureOf(plan: LifePlan, isThorough = false): Promise<Failure | null> {
  try {
    await live(plan, isThorough);
    return null;
  } catch (error) {
    if (!(error instanceof LifeError)) throw error;
    return { plan, message: error.message };
  }
}

/** What is found by then is told: the test has no more time. */
const TIME_MS = 600_000;

/** At most so many lives are tried. */
export async function shrink(failure: Failure, tries = 80): Promise<Failure> {
  let best = failure;
  let left = tries;
  const end = Date.now() + TIME_MS;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    if (left === 0 || Date.now() > end) return false;
    left -= 1;
    const found = await failureOf({ ...best.plan, steps }, true);
    if (found !== null) best = found;
    return found !== null;
  };
  await fewer(best.plan.steps, fails);
  for (let at = best.plan.steps.length - 1; at >= 0; at -= 1) {
    const step = best.plan.steps[at]!;
    await fewer(recordsOf(step), (records) => fails(best.plan.steps.with(at, withRecords(step, records))));
  }
  return best;
}

/** Leaves out halves, then quarters, and so on down to single items, from the end on. */
async function fewer<T>(items: readonly T[], isEnough: (some: readonly T[]) => Promise<boolean>): Promise<void> {
  let kept = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = kept.length - size; from >= 0; from -= size) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await isEnough(rest)) kept = rest;
    }
  }
}

function recordsOf(step: Step): readonly Rec[] {
  if (step.kind === 'grow') return step.records;
  return step.kind === 'run' || step.kind === 'batch' ? step.sent : [];
}

function withRecords(step: Step, records: readonly Rec[]): Step {
  if (step.kind === 'grow') return { ...step, records };
  return step.kind === 'run' || step.kind === 'batch' ? { ...step, sent: records } : step;
}
