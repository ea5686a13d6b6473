import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader, linesOf } from '../../runtime/log/line-file.ts';
import { folder } from './helpers.ts';

const path = join(folder(), 'lines');
const MIB = 1 << 20;

function linesIn(text: string) {
  writeFileSync(path, text);
  const lines = [...linesOf(path)];
  expect(lines.map(({ number }) => number)).toEqual(lines.map((_, i) => i + 1));
  return lines;
}

/** Short lines, and such as are about as long as the blocks of readers, in characters of one to four bytes. */
const line = fc
  .tuple(
    fc.constantFrom('a', 'é', '\u20ac', '\u{1f600}'),
    fc.oneof({ weight: 8, arbitrary: fc.nat(40) }, fc.integer({ min: (1 << 16) - 3, max: (1 << 16) + 3 })),
    fc.constantFrom(0, 0, 0, MIB - 5, MIB, 2 * MIB + 1),
  )
  .map(([char, short, long]) => 'x'.repeat(long) + char.repeat(short));

describe('a file of lines', () => {
  it('is read line by line, each with where it begins, however long it is', () => {
    const random = fc.property(fc.array(line, { maxLength: 8 }), line, (texts, rest) => {
      const read = linesIn(`${texts.map((text) => `${text}\n`).join('')}${rest}`);
      expect(read.map(({ text }) => text)).toEqual(rest === '' ? texts : [...texts, rest]);
      expect(read.map(({ isWhole }) => isWhole)).toEqual(read.map((_, i) => i < texts.length));
      for (const [i, from] of read.entries()) expect([...linesOf(path, from)]).toEqual(read.slice(i));
      const reader = new LineReader(path);
      // From the last to the first, and then as they stand.
      for (const { text, at } of [...[...read].reverse(), ...read]) expect(reader.lineAt(at)).toBe(text);
      reader.close();
    });
    fc.assert(random, { numRuns: 40 });
  });

  it('may be empty, or not there', () => {
    expect(linesIn('')).toEqual([]);
    expect(linesIn('\n\n').map(({ text, at }) => [text, at])).toEqual([
      ['', 0],
      ['', 1],
    ]);
    expect([...linesOf(`${path}.none`)]).toEqual([]);
    expect(() => [...linesOf(folder())]).toThrow(/EISDIR/);
  });
});
