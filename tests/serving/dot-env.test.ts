import { expect, it } from 'vitest';
import { parseDotEnv } from '../../runtime/serving/dot-env.ts';

it('takes values bare and in quotes, with comments behind them', () => {
  const text = [
    'A=1',
    ' export B = two words  # a comment',
    'C="x # y" # z',
    "D='it\"s'",
    'E=a#b',
    'F=',
    'G= # nothing',
    '# H=1',
    'no line of ours',
    'I="open',
    'J=""',
  ].join('\r\n');
  expect({ ...parseDotEnv(text) }).toEqual({
    A: '1',
    B: 'two words',
    C: 'x # y',
    D: 'it"s',
    E: 'a#b',
    F: '',
    G: '',
    I: '"open',
    J: '',
  });
});
