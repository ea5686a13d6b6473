/** docs/semantics.md: each SELECT at its instant, in every machine, gives the table under it; each record gets the verdict beside it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emitProject } from '../../compiler/emit.ts';
import { compileProject } from '../../compiler/index.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { printType } from '../../runtime/values/types.ts';
import { folder, put, read } from '../log/helpers.ts';
import { printFault } from '../properties/report.ts';
import { machines } from '../rules/machines.ts';
import { checkExample, type Example, jsonLines } from './kept-example.ts';

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
const warned = blocks.filter(({ head }) => head.startsWith('warning: '));
const typed = blocks.filter(({ head }) => head === 'types');
const everyRow = blocks.filter(({ head }) => head.startsWith('every row at '));
const tied = blocks.filter(({ head }) => head.startsWith('ties exclude at '));

it('every block is of a known kind, and every SELECT has its table', () => {
  expect(blocks.length).toBe([...page.matchAll(/```sql/g)].length);
  const kinds = blocks.map(
    ({ head }) =>
      /^(features\/|records of |at \d|diverges at \d|ties exclude at \d|every row at \d|types|warning: FSC|wrong: FSC)/.exec(
        head,
      )?.[1],
  );
  expect(kinds).not.toContain(undefined);
  for (const { table } of [...examples, ...typed, ...tied, ...everyRow]) expect(table.length).toBeGreaterThan(1);
  expect(examples.length).toBeGreaterThan(15);
});

/** In the place of a request's row. */
const NO_ROW = '*no row*';

/** The block's view over the page's records. */
async function exampleOf({ head, body, table }: Block): Promise<Example> {
  const own = { ...files, 'features/example/v1.sql': body };
  const { plan } = compileProject(new Map(Object.entries(own)));
  const specs = plan!.sources.map(({ spec }) => spec).filter(({ name }) => given[name] !== undefined);
  const records = specs.map(async (spec) => [spec.name, await jsonLines(spec, given[spec.name]!)] as const);
  return {
    files: own,
    records: Object.fromEntries(await Promise.all(records)),
    source: specs.find(({ kind }) => kind === 'log')!,
    view: plan!.views.find(({ spec }) => spec.name === 'example_v1')!,
    at: head.replace(/^.*at /, ''),
    ties: head.startsWith('ties exclude') ? 'exclude' : null,
    rows: table.slice(1).map((row) => (row[0] === NO_ROW ? [] : row)),
  };
}

describe('values', () => {
  it.each(examples)('$head $body', async ({ head, body, table }) => {
    const world = await machines({ ...files, 'features/example/v1.sql': body }, given);
    const view = world.plan.views.find(({ spec }) => spec.name === 'example_v1')!;
    expect(view.outputs.map(({ name }) => name)).toEqual(table[0]);
    const rows = await world.rows('example_v1', head.replace(/^.*at /, ''), head.startsWith('diverges'));
    const inexact = view.spec.features.filter(({ agreement }) => agreement === 'double').map(({ ordinal }) => ordinal);
    const digits = (text: string): string => (Number.isFinite(Number(text)) ? Number(text).toPrecision(9) : text);
    const sorted = (some: readonly (readonly string[])[]): readonly string[] =>
      some.map((row) => JSON.stringify(row.map((text, i) => (inexact.includes(i) ? digits(text) : text)))).sort();
    expect(sorted(rows)).toEqual(sorted(table.slice(1).filter(([first]) => first !== NO_ROW)));
  });

  it.each(everyRow)('$head $body', async ({ head, body, table }) => {
    const world = await machines({ ...files, 'features/example/v1.sql': body }, given);
    const rows = await world.everyRow('example_v1', head.replace(/^.*at /, ''));
    expect(rows).toEqual(table.slice(1));
  });

  it.each(examples)('with a past: $head $body', async (block) => {
    const { head } = block;
    const example = await exampleOf(block);
    const whole = await checkExample(example, false);
    const upTo = await checkExample(example, true);
    for (const { faults } of [whole, upTo]) {
      // Where the text diverges its own machine is the one that differs.
      const told = faults.filter(({ machine }) => machine !== 'referee' || !head.startsWith('diverges'));
      expect(told.map(printFault).join('\n')).toBe('');
    }
    // A running stream is at the newest event that it knows, or later.
    const running = example.view.kind === 'request' ? [] : ['stream'];
    for (const machine of [...running, 'online, complete', 'online, stream'])
      expect([machine, upTo.counts.get(`${machine}: answers`)]).toEqual([machine, 1]);
    for (const machine of ['replay', 'dataset SQL, join', 'dataset SQL, windows'])
      expect(whole.counts.get(`${machine}: labels`)).toBeGreaterThan(0);
  });
});

describe('training sets without the events at their instant', () => {
  it.each(tied)('$head $body', async (block) => {
    const { faults, counts } = await checkExample(await exampleOf(block), false);
    expect(faults.map(printFault).join('\n')).toBe('');
    for (const machine of ['replay', 'dataset SQL, join', 'dataset SQL, windows'])
      expect(counts.get(`${machine}: labels`)).toBe(block.table.length - 1);
  });
});

describe('types', () => {
  it.each(typed)('$body', ({ body, table }) => {
    const { plan } = compileProject(new Map(Object.entries({ ...files, 'features/example/v1.sql': body })));
    const { outputs } = plan!.views.find(({ spec }) => spec.name === 'example_v1')!;
    expect(outputs.map(({ name, type }) => [name, printType(type)])).toEqual(
      table[0]!.map((name, i) => [name, table[1]![i]]),
    );
  });
});

describe('warnings', () => {
  it.each(warned)('$head $body', ({ head, body }) => {
    const project = new Map(Object.entries({ ...files, 'features/example/v1.sql': body }));
    const told = (strict: boolean) =>
      compileProject(project, { strict }).diagnostics.map(({ code, severity }) => `${severity}: ${code}`);
    expect(told(false)).toEqual([head]);
    expect(told(true)).toEqual([head.replace('warning', 'error')]);
  });
});

describe('refusals', () => {
  it.each(wrong)('$head $body', ({ head, body }) => {
    const { diagnostics } = compileProject(new Map(Object.entries({ ...files, 'features/example/v1.sql': body })));
    expect(diagnostics.map(({ code }) => `wrong: ${code}`)).toEqual([head]);
  });
});

describe('verdicts', () => {
  const tables = [...page.matchAll(/^\| record of (\w+) \| verdict \|\n.*\n((?:\|.*\n)+)/gm)];
  it.each(tables.map(([, name, rows]) => ({ name: name!, rows: rows! })))('of $name', async ({ name, rows }) => {
    const list = [...rows.matchAll(/^\| `(.*)` \| (\w+) \|$/gm)].map(([, record, verdict]) => ({
      record: record!,
      verdict: verdict!,
    }));
    expect(list.length).toBe(rows.trim().split('\n').length);
    expect(list.length).toBeGreaterThan(8);
    const { plan } = compileProject(new Map(Object.entries(files)));
    const source = loadProgram(emitProject(plan!)).sources.find(({ spec }) => spec.name === name)!;
    const root = folder();
    put(root, `${name}.jsonl`, list.map(({ record }) => `${record}\n`).join(''));
    const seen = await read(source, { root, history: `${name}.jsonl` });
    expect(seen.verdicts).toEqual(list.map(({ verdict }) => verdict));
  });

  it('are shown of both sources', () => expect(tables.map(([, name]) => name)).toEqual(['events', 'orders']));
});
