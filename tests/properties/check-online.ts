/** Machine 5: rows written batch by batch, looked up at instants from then on. */
import { Random } from '../generators/random.ts';
import { type Budget, lookUpAll, lookUpRequests, OnlineWriter } from './machines/online.ts';
import type { StreamHooks, StreamRun } from './machines/stream.ts';
import type { Oracle } from './oracle.ts';
import type { Project } from './project.ts';
import type { Report } from './report.ts';

interface BudgetWriter {
  readonly budget: Budget;
  readonly writer: OnlineWriter;
}

/** Writes rows beside the run that it is given to, and looks them up wherever that stops. */
export function onlineHooks(project: Project, oracle: Oracle, report: Report): StreamHooks {
  const random = new Random(project.seed * 7 + 3);
  const writers = (['complete', 'stream'] as const).map(
    (budget): BudgetWriter => ({ budget, writer: new OnlineWriter(project, budget) }),
  );
  const batchesAFlush = random.pick([1, 1, 3]);
  let batches = 0;
  const flush = async (run: StreamRun): Promise<void> => {
    const dirty = run.states.map((state) => state.takeDirty());
    for (const { writer } of writers) await writer.flush(run, dirty);
  };
  return {
    batch: async (run) => {
      if (++batches % batchesAFlush === 0) await flush(run);
    },
    prefix: async (run, n) => {
      await flush(run);
      for (const one of writers) await checkLookups(project, run, n, one, oracle, report);
    },
  };
}

async function checkLookups(
  project: Project,
  run: StreamRun,
  n: number,
  { budget, writer }: BudgetWriter,
  oracle: Oracle,
  report: Report,
): Promise<void> {
  const lookup = writer.lookup();
  const machine = `online, ${budget}`;
  for (const view of project.views) {
    const isRequest = view.spec.shape === 'request';
    for (const t of oracle.instants) {
      const wanted = oracle.at(view, t, n);
      if (wanted === null || Number(t) < run.newest) continue;
      const { rows, uncovered } = isRequest
        ? await lookUpRequests(project, lookup, view, Number(t))
        : await lookUpAll(lookup, view, Number(t));
      const question = `at ${t} over ${n} lines`;
      if (uncovered === 0) report.compare(machine, view, question, wanted, rows, isRequest ? { byPosition: true } : {});
      else if (budget === 'stream') report.count(`${machine}: not covered`);
      else report.fault(machine, `${view.name} ${question}`, '  a complete row does not cover it');
    }
  }
}
