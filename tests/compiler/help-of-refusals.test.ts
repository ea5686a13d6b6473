import { expect, it } from 'vitest';
import { compileView, faultsOf, unmended } from './project.ts';

function helps(text: string): readonly string[] {
  return compileView(text).diagnostics.flatMap(({ help }) => help.map((one) => one.text));
}

it('a part of a time has no remainder until it is an integer', () => {
  expect(helps('SELECT usr, extract(dow FROM max(ts)) % 2 AS x FROM events GROUP BY usr')).toEqual([
    'cast what counts something to an integer: `CAST(x AS integer) % y`',
  ]);
});

it('a number counted from the latest row is not mended into one from the first', () => {
  const found = compileView('SELECT usr, row_number() OVER (PARTITION BY usr ORDER BY ts DESC) AS n FROM events');
  const [help] = found.diagnostics.flatMap((diagnostic) => diagnostic.help);
  expect(help).toMatchObject({ text: expect.stringMatching(/latest row/), edits: [] });
});

it.each(['coalesce', 'nullif', 'greatest', 'least'])('"%s" in quotes is no function of both databases', (name) => {
  const text = `SELECT usr, "${name}"(max(n), 0) AS x FROM events GROUP BY usr`;
  expect(faultsOf(compileView(text))).toEqual([`FSC3004 "${name}"`]);
  expect(unmended(text, compileView)).toEqual([]);
  expect(faultsOf(compileView(text.replaceAll('"', '')))).toEqual([]);
});
