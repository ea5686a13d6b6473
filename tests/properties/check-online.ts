/** Machine 5: rows written batch by batch, looked up at instants from then on. */
import { Random } from '../generators/random.ts';
import type { Expectations } from './expectations.ts';
import { type Budget, lookUpAll, lookUpRequests, OnlineWriter } from './machines/online.ts';
import type { StreamHooks, StreamRun } from './machines/stream.ts';
import type { Compiled } from './project.ts';
import type { Report } from './report.ts';

/** Rows of the stream that ran, looked up wherever it stops. */
export function onlineHooks(project: Compiled, expected: Expectations, report: Report): StreamHooks {
  const random = new Random(project.test.seed * 7 + 3);
  const writers = (['complete', 'stream'] as const).map((budget) => ({
    budget,
    writer: new OnlineWriter(project, budget),
  }));
  const each = random.pick([1, 1, 3]);
  let batches = 0;
  const flush = async (run: StreamRun): Promise<void> => {
    const dirty = run.states.map((state) => state.takeDirty());
    for (const { writer } of writers) await writer.flush(run, dirty);
  };
  return {
    batch: async (run) => {
      if (++batches % each === 0) await flush(run);
    },
    prefix: async (run, n) => {
      await flush(run);
      for (const { budget, writer } of writers) await checkLookups(project, run, n, budget, writer, expected, report);
    },
  };
}

async function checkLookups(
  project: Compiled,
  run: StreamRun,
  n: number,
  budget: Budget,
  writer: OnlineWriter,
  expected: Expectations,
  report: Report,
): Promise<void> {
  const lookup = writer.lookup();
  const machine = `online, ${budget}`;
  for (const view of project.views) {
    for (const t of project.test.instants) {
      if (Number(t) < run.newest) continue;
      const { rows, uncovered } =
        view.spec.shape === 'D'
          ? await lookUpRequests(project, lookup, view, project.test.requests, Number(t))
          : await lookUpAll(lookup, view, Number(t));
      const question = `at ${t} over ${n} lines`;
      if (uncovered > 0) {
        report.count(`${machine}: not covered`);
        if (budget === 'complete')
          report.fault(machine, `${view.name} ${question}`, '  a complete row does not cover it');
        continue;
      }
      const options = view.spec.shape === 'D' ? { byPosition: true } : {};
      report.compare(machine, view, question, expected.at(view.spec, t, n), rows, options);
    }
  }
}
