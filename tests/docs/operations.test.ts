/** docs/operations.md: each transcript prints what stands under its commands. `FSC_UPDATE=1` writes what they print. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rewritten, runSection, sectionsOf, toldAs, transcriptOf } from './transcripts.ts';

const PATH = new URL('../../docs/operations.md', import.meta.url);
const page = readFileSync(PATH, 'utf8');
const sections = sectionsOf(page);

describe('transcripts of operations', () => {
  it('are every block of the page', () => {
    expect([...page.matchAll(/^```\w*$/gm)].length).toBe(2 * [...page.matchAll(/^```(console|sql)\n/gm)].length);
    for (const { steps } of sections.slice(1)) expect(steps.some(({ printed }) => printed !== '')).toBe(true);
  });

  // One of them waits for a minute to pass: the others run beside it.
  it.concurrent.each(sections)('$title', { timeout: 180_000 }, async (section) => {
    const printed = (await runSection(sections[0]!, section)).map((text, i) => toldAs(text, section.steps[i]!.printed));
    if (process.env['FSC_UPDATE'] === '1') writeFileSync(PATH, rewritten(readFileSync(PATH, 'utf8'), section, printed));
    else
      expect(transcriptOf(section.steps, printed)).toBe(
        transcriptOf(
          section.steps,
          section.steps.map(({ printed }) => printed),
        ),
      );
  });
});
