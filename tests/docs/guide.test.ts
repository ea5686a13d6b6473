/** docs/features-guide.md: its examples are one project, which compiles; what it says is wrong gives the code that it names. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileProject } from '../../compiler/index.ts';
import type { AggregateFunction, ScalarFunction } from '../../runtime/functions/definition.ts';
import { AGGREGATES, SCALARS } from '../../runtime/functions/index.generated.ts';
import { cli, jsonLines, project } from '../cli/in-process.ts';

const PATH = new URL('../../docs/features-guide.md', import.meta.url);
const guide = readFileSync(PATH, 'utf8');
const blocks = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text]) => text!);
const headOf = (block: string): string => block.slice(0, block.indexOf('\n'));
const bodyOf = (block: string): string => block.slice(block.indexOf('\n') + 1);
const files = new Map(
  blocks
    .filter((block) => headOf(block).startsWith('-- features/'))
    .map((block) => [headOf(block).slice(3), bodyOf(block)]),
);

describe('examples of the features guide', () => {
  it('each say what they are', () => {
    expect(blocks.length).toBeGreaterThan(10);
    for (const block of blocks)
      expect(headOf(block)).toMatch(/^-- (features\/(sources\/\w+|\w+\/v\d+)\.sql|wrong: FSC\d{4})$/);
  });

  it('compile together', () => {
    const { plan, diagnostics } = compileProject(files);
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code, message, file }) => `${code} ${file.path} ${message}`)).toEqual([]);
    expect(plan?.views.length).toBe([...files.keys()].filter((path) => !path.includes('/sources/')).length);
  });

  it.each(blocks.filter((block) => headOf(block).startsWith('-- wrong')))('%s', (block) => {
    const { diagnostics } = compileProject(new Map([...files, ['features/wrong/v1.sql', bodyOf(block)]]));
    const own = diagnostics.filter(({ file }) => file.path === 'features/wrong/v1.sql');
    expect(own.map(({ code }) => `-- wrong: ${code}`)).toEqual([headOf(block)]);
  });

  it('of tests beside features pass, in a project with the fsc.json that is shown', async () => {
    const shown = (language: string): string[] =>
      [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);
    const tests = shown('yaml').map((text) => [headOf(text).slice(2), text] as const);
    const config = shown('json');
    expect([tests.length, config.length]).toEqual([1, 1]);
    const { root, remove } = project({ ...Object.fromEntries([...files, ...tests]), 'fsc.json': config[0]! });
    try {
      const { code, out, err } = await cli(['test', '--format', 'json'], { cwd: root });
      expect([code, err]).toEqual([0, expect.anything()]);
      expect(jsonLines(out).map(({ passed }) => passed)).toEqual([true, true]);
      const env = { DATABASE_URL: 'postgres://user@nowhere/none' };
      expect((await cli(['check', '--profile', 'production'], { cwd: root, env })).code).toBe(0);
      const unset = await cli(['check', '--profile', 'production'], { cwd: root });
      expect(unset).toMatchObject({ code: 2, err: expect.stringContaining('`DATABASE_URL` is not set') });
    } finally {
      remove();
    }
  });

  it('every page that is named exists', () => {
    for (const [, code] of guide.matchAll(/\b(FSC\d{4})\b/g)) {
      expect(readFileSync(new URL(`../../docs/diagnostics/${code}.md`, import.meta.url), 'utf8')).toContain(code!);
    }
  });
});

const spelled = (fn: ScalarFunction | AggregateFunction): readonly string[] =>
  fn.spellings.flatMap((one) => ('fn' in one ? [one.fn] : []));

function functionTable(): string {
  const rows = SCALARS.filter((fn) => spelled(fn).length > 0).map((fn) => {
    const names = spelled(fn)
      .map((name) => `\`${name}\``)
      .join(', ');
    const examples = fn.doc.examples.map(({ sql, value }) => `\`${sql}\` → ${value}`).join('; ');
    return `| ${names} | ${fn.doc.summary} | ${examples.replaceAll('|', '\\|')} |`;
  });
  return `| function | gives | for example |\n|---|---|---|\n${rows.sort().join('\n')}`;
}

it('lists every function of the registry, with its examples, which are tests themselves', () => {
  const section = /(<!-- functions: [^>]*-->\n)([\s\S]*?)(<!-- \/functions -->)/;
  const wanted = `\n${functionTable()}\n\n`;
  const found = section.exec(guide);
  if (process.env.FSC_UPDATE === '1')
    writeFileSync(
      PATH,
      guide.replace(section, (_, open, __, close) => `${open}${wanted}${close}`),
    );
  else expect(found?.[2]).toBe(wanted);
});

it('names every aggregate', () => {
  for (const aggregate of AGGREGATES) for (const name of spelled(aggregate)) expect(guide).toContain(`\`${name}`);
});
