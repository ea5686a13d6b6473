import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue, renderIndex, renderPage } from '../../compiler/diagnostics/catalogue.ts';
import { SYNTAX_CODES, type SyntaxCode } from '../../compiler/diagnostics/codes-syntax.ts';
import { CollectingSink, fault, replaceHelp } from '../../compiler/diagnostics/fault.ts';
import { renderHuman, renderJson, summaryLine } from '../../compiler/diagnostics/render.ts';
import { suggest } from '../../compiler/diagnostics/suggest.ts';
import { parseViewFile } from '../../compiler/parse/parse.ts';
import { discoverProject } from '../../compiler/source/discover.ts';

const codesOf = (text: string): string[] => {
  const sink = new CollectingSink();
  parseViewFile({ path: 'features/v/v1.sql', text }, sink);
  return sink.diagnostics.map((diagnostic) => diagnostic.code);
};

describe('the catalogue', () => {
  const pages = Object.entries<SyntaxCode>(SYNTAX_CODES);

  it.each(pages.filter(([, page]) => page.wrong !== undefined))(
    '%s: its wrong example gives it, its right one nothing',
    (code, page) => {
      expect(codesOf(page.wrong ?? '')).toEqual([code]);
      expect(codesOf(page.right ?? '')).toEqual([]);
    },
  );

  it('has its pages in docs/diagnostics (npm run build && node scripts/docs-diagnostics.mjs writes them)', () => {
    const folder = new URL('../../docs/diagnostics/', import.meta.url);
    const stale = [...catalogue()].filter(([code, page]) => {
      const file = new URL(`${code}.md`, folder);
      return !existsSync(file) || readFileSync(file, 'utf8') !== renderPage(code, page);
    });
    expect(stale.map(([code]) => code)).toEqual([]);
    // Pages of other layers stand there too.
    const index = readFileSync(new URL('README.md', folder), 'utf8').split('\n');
    expect(
      renderIndex(catalogue())
        .split('\n')
        .filter((line) => !index.includes(line)),
    ).toEqual([]);
  });
});

describe('all faults of a file', () => {
  it('are told at once, one each', () => {
    expect(codesOf('SELECT a +, b = c = d, e value, f FROM t WHERE GROUP BY x y HAVING 1 < 2 < 3')).toEqual([
      'FSC1020',
      'FSC1023',
      'FSC1024',
      'FSC1020',
      'FSC1020',
      'FSC1023',
    ]);
  });

  it('include those of statements after a broken one', () => {
    expect(codesOf('SELECT (a FROM t; COMMENT ON VIEW v IS 5')).toEqual(['FSC1010', 'FSC1020']);
  });
});

describe('rendering', () => {
  const text = 'SELECT\n\tsum(amout) AS "日本", x\r\nFROM t\n';
  const file = { path: 'features/spend/v1.sql', text };
  const at = (part: string): { start: number; end: number } => ({
    start: text.indexOf(part),
    end: text.indexOf(part) + part.length,
  });

  it('shows code, place, marks under tabs and wide characters, cause and edit', () => {
    const diagnostic = fault('FSC3001', file, at('amout'), 'column `amout` does not exist in `t`', {
      label: 'not a column of `t`',
      secondary: [
        {
          span: at('x\r').start === -1 ? at('x') : { start: at('x\r').start, end: at('x\r').start + 1 },
          text: 'here too',
        },
      ],
      cause: '`t` has columns amount, x',
      help: replaceHelp('a column with a similar name exists: `amount`', at('amout'), 'amount'),
    });
    expect(renderHuman([diagnostic], { color: false })).toBe(`error[FSC3001]: column \`amout\` does not exist in \`t\`
  --> features/spend/v1.sql:2:6
   |
 2 |     sum(amout) AS "日本", x
   |         ^^^^^             - here too
   |         |
   |         not a column of \`t\`
   |
   = cause: \`t\` has columns amount, x
help: a column with a similar name exists: \`amount\`
 2 |     sum(amount) AS "日本", x
   |         ++++++
`);
    expect(renderHuman([diagnostic], { color: true })).toContain('\u001b[1;31merror[FSC3001]\u001b[0m');
    expect(renderJson(diagnostic)).toMatchObject({
      v: 1,
      file: 'features/spend/v1.sql',
      span: { start: { offset: 12, line: 2, column: 6 }, end: { offset: 17, line: 2, column: 11 } },
      help: [{ applicability: 'review', edits: [{ offset: 12, length: 5, newText: 'amount' }] }],
      feature: 'spend',
      version: 1,
      docs: 'docs/diagnostics/FSC3001.md',
    });
    expect(summaryLine([diagnostic], 14)).toBe('1 error in 1 of 14 features');
  });

  it('marks the first and the last line of a long span, and cuts long lines', () => {
    const long = { path: 'a.sql', text: `SELECT (\n  a,\n  b\n) ${'x'.repeat(1000)} !` };
    const multi = renderHuman([fault('FSC1020', long, { start: 7, end: 19 }, 'm', { label: 'all of it' })], {
      color: false,
    });
    expect(multi).toContain(' 1 | SELECT (\n   |        ^\n...\n 4 | ) xxx');
    const end = renderHuman([fault('FSC1020', long, { start: long.text.length - 1, end: long.text.length }, 'm')], {
      color: false,
    });
    for (const line of [...multi.split('\n'), ...end.split('\n')]) expect(line.length).toBeLessThan(180);
    expect(end).toMatch(/4 \| …x+ !\n {3}\| +\^\n/);
  });

  it('never prints what would act on a terminal', () => {
    const evil = { path: 'a\u001b[2J.sql', text: "SELECT '\u001b[2J\u202e' FROM" };
    const shown = renderHuman([fault('FSC1020', evil, { start: 0, end: 6 }, 'm \u001b[1m')], { color: false });
    expect(shown).not.toContain('\u001b');
    expect(shown).not.toContain('\u202e');
  });
});

describe('did you mean', () => {
  it('finds slips and leaves strangers alone', () => {
    expect(suggest('amout', ['merchant', 'amount'])).toBe('amount');
    expect(suggest('dealy', ['delay', 'day'])).toBe('delay');
    expect(suggest('x', ['amount'])).toBeNull();
  });
});

describe('discovery', () => {
  const found = (files: Record<string, string | Uint8Array>): ReturnType<typeof discoverProject> =>
    discoverProject(new Map(Object.entries(files)));

  it('finds sources and versions in order and reads nothing else', () => {
    const project = found({
      'features/b/v10.sql': 'x',
      'features/b/v2.sql': 'x',
      'features/a_1/v1.sql': 'x',
      'features/sources/s.sql': 'x',
      'features/b/tests/t.sql': '\0',
      'other/v1.sql': '\0',
      'features/b/notes.md': '\0',
    });
    expect(project.diagnostics).toEqual([]);
    expect(project.sources.map((file) => file.path)).toEqual(['features/sources/s.sql']);
    expect(project.views.map((view) => `${view.name}_v${view.version}`)).toEqual(['a_1_v1', 'b_v2', 'b_v10']);
  });

  it.each([
    ['features/Bad/v1.sql', 'x', 'FSC1045'],
    ['features/__proto__/v1.sql', 'x', 'FSC1045'],
    ['features/a b/v1.sql', 'x', 'FSC1045'],
    ["features/x'; DROP/v1.sql", 'x', 'FSC1045'],
    ['features/sources/Flights.sql', 'x', 'FSC1045'],
    ['features/sources/.sql', 'x', 'FSC1045'],
    ['features/sources/a_v1.sql', 'x', 'FSC1047'],
    ['features/a_v2/v1.sql', 'x', 'FSC1047'],
    ['features/a/v01.sql', 'x', 'FSC1046'],
    ['features/a/v0.sql', 'x', 'FSC1046'],
    ['features/a/V1.SQL', 'x', 'FSC1046'],
    ['features/a/b/v1.sql', 'x', 'FSC1044'],
    ['features/v1.sql', 'x', 'FSC1044'],
    ['features/a/v1.sql', 'a\0', 'FSC1042'],
    ['features/a/v1.sql', '\ufeffa', 'FSC1041'],
    ['features/a/v1.sql', new Uint8Array([0xef, 0xbb, 0xbf, 97]), 'FSC1041'],
    ['features/a/v1.sql', new Uint8Array([97, 0xff]), 'FSC1040'],
    ['features/a/v1.sql', 'a\ud800', 'FSC1040'],
    ['features/a/v1.sql', 'a'.repeat(1024 * 1024 + 1), 'FSC1043'],
  ])('%s is refused with %3$s', (path, content, code) => {
    const project = found({ [path]: content });
    expect(project.diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
    expect(project.views).toEqual([]);
    expect(project.sources).toEqual([]);
    renderHuman(project.diagnostics, { color: false });
  });
});
