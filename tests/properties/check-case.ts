/** One case through every machine. */
import type { Case } from '../generators/view-spec.ts';
import { checkDataset } from './check-dataset.ts';
import { onlineHooks } from './check-online.ts';
import { checkSql } from './check-sql.ts';
import { checkStream } from './check-stream.ts';
import { Expectations } from './expectations.ts';
import { compileCase, isRejected, type Tamper } from './project.ts';
import { Report } from './report.ts';

export async function checkCase(test: Case, tamper?: Tamper): Promise<Report> {
  const report = new Report();
  const project = compileCase(test, tamper);
  if (isRejected(project)) {
    for (const code of project.codes) report.count(`rejected: ${code}`);
    return report;
  }
  const expected = new Expectations(test);
  await checkStream(project, expected, report, () => onlineHooks(project, expected, report));
  await checkSql(project, expected, report);
  await checkDataset(project, expected, report);
  return report;
}
