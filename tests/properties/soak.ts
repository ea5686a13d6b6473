import { generateCase } from '../generators/case.ts';
import { checkCase } from './check-case.ts';

const seed = Number(process.argv[2]);
const cases = Number(process.argv[3]);
const totals = new Map<string, number>();
let bad = 0;
const start = performance.now();
for (let i = seed; i < seed + cases; i++) {
  try {
    const report = await checkCase(generateCase(i));
    for (const [name, n] of report.counts) totals.set(name, (totals.get(name) ?? 0) + n);
    if (report.faults.length > 0) {
      bad++;
      console.log(`seed ${i}: ${report.faults.length} faults`);
      for (const f of report.faults.slice(0, 2)) console.log(` ${f.machine} ${f.question}\n${f.text}`);
    }
  } catch (e) {
    bad++;
    console.log(`seed ${i}: threw ${(e as Error).stack}`);
  }
  if (bad > 8) break;
}
console.log(totals, `${bad} bad`, `${((performance.now() - start) / cases).toFixed(1)} ms a case`);
process.exit(0);
