/** docs/semantics.md: each SELECT at its instant, in four machines, gives the table under it; each record gets the verdict beside it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { folder, put, read } from '../log/helpers.ts';
import { machines } from '../rules/machines.ts';

const page = readFileSync(new URL('../../docs/semantics.md', import.meta.url), 'utf8');

interface Block {
  readonly head: string;
  readonly body: string;
  /** Rows of the table that follows at once, its head first. */
  readonly table: readonly (readonly string[])[];
}

const cells = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/```sql\n-- (.*)\n([\s\S]*?)```\n(?:\n((?:\|.*\n)+))?/g)].map(([, head, body, table]) => {
    const rows = (table ?? '')
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map(cells);
    return { head: head!, body: body!, table: rows.filter((_, i) => i !== 1) };
  });
}

const blocks = blocksOf(page);
const files = Object.fromEntries(
  blocks.filter(({ head }) => head.startsWith('features/')).map(({ head, body }) => [head, body]),
);
const given = Object.fromEntries(
  blocks.filter(({ head }) => head.startsWith('records of ')).map(({ head, body }) => [head.slice(11), body]),
);
const examples = blocks.filter(({ head }) => /^(diverges )?at /.test(head));
const wrong = blocks.filter(({ head }) => head.startsWith('wrong: '));

it('every block is of a known kind, and every SELECT has its table', () => {
  expect(blocks.length).toBe([...page.matchAll(/```sql/g)].length);
  const kinds = blocks.map(({ head }) => /^(features\/|records of |at \d|diverges at \d|wrong: FSC)/.exec(head)?.[1]);
  expect(kinds).not.toContain(undefined);
  for (const { table } of examples) expect(table.length).toBeGreaterThan(1);
  expect(examples.length).toBeGreaterThan(15);
});

describe('values', () => {
  it.each(examples)('$head $body', async ({ head, body, table }) => {
    const world = await machines({ ...files, 'features/example/v1.sql': body }, given);
    const view = world.plan.views.find(({ spec }) => spec.name === 'example_v1')!;
    expect(view.outputs.map(({ name }) => name)).toEqual(table[0]);
    const rows = await world.rows('example_v1', head.replace(/^.*at /, ''), head.startsWith('diverges'));
    const sorted = (some: readonly (readonly string[])[]): readonly string[] =>
      some.map((row) => JSON.stringify(row)).sort();
    expect(sorted(rows)).toEqual(sorted(table.slice(1)));
  });
});

describe('refusals', () => {
  it.each(wrong)('$head $body', ({ head, body }) => {
    const { diagnostics } = compileProject(new Map(Object.entries({ ...files, 'features/example/v1.sql': body })));
    expect(diagnostics.map(({ code }) => `wrong: ${code}`)).toEqual([head]);
  });
});

it('verdicts', async () => {
  const rows = [...page.matchAll(/^\| `(.*)` \| (\w+) \|$/gm)].map(([, record, verdict]) => ({
    record: record!,
    verdict: verdict!,
  }));
  expect(rows.length).toBeGreaterThan(8);
  const { plan } = compileProject(new Map(Object.entries(files)));
  const source = loadProgram(emitProject(plan!)).sources.find(({ spec }) => spec.name === 'events')!;
  const root = folder();
  put(root, 'events.jsonl', rows.map(({ record }) => `${record}\n`).join(''));
  const seen = await read(source, { root, history: 'events.jsonl' });
  expect(seen.verdicts).toEqual(rows.map(({ verdict }) => verdict));
});
