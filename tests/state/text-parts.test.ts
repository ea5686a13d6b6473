import { describe, expect, it } from 'vitest';
import { textParts } from '../../runtime/values/text-parts.ts';

describe('texts in parts', () => {
  it('are all there, in their order, none of the parts longer than it may be', () => {
    const texts = Array.from({ length: 300 }, (_, i) => 'x'.repeat(i % 23));
    for (const most of [1, 3, 25, 26, 100, 10_000]) {
      const parts = textParts(texts, most);
      expect(parts.flat()).toEqual(texts);
      for (const part of parts) {
        const length = part.reduce((sum, text) => sum + text.length + 3, 0);
        expect(part.length === 1 || length <= most).toBe(true);
      }
    }
    expect(textParts(texts)).toHaveLength(1);
    expect(textParts([])).toEqual([[]]);
  });
});
