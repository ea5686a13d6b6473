/** The examples on the pages of the codes: the wrong one gives its code and no other, the right one none. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SEMANTIC_CODES } from '../../compiler/diagnostics/codes-semantic.ts';
import { EXAMPLES } from '../../compiler/diagnostics/examples.ts';
import { compileProject } from '../../compiler/index.ts';

const guide = readFileSync(new URL('../../docs/features-guide.md', import.meta.url), 'utf8');
const files = [...guide.matchAll(/```sql\n-- (features\/\S+)\n([\s\S]*?)```/g)].map(
  ([, path, text]): [string, string] => [path!, text!],
);

function codesOf(text: string): readonly string[] {
  const path = /^(?:--.*\n)*CREATE TABLE/.test(text) ? 'features/sources/s.sql' : 'features/example/v1.sql';
  const { diagnostics } = compileProject(new Map([...files, [path, text]]));
  return [...new Set(diagnostics.filter(({ file }) => file.path === path).map(({ code }) => code))];
}

it.each(Object.entries(EXAMPLES))('%s', (code, { wrong, right }) => {
  expect(Object.keys(SEMANTIC_CODES)).toContain(code);
  expect([wrong, codesOf(wrong)]).toEqual([wrong, [code]]);
  expect([right, codesOf(right)]).toEqual([right, []]);
});
