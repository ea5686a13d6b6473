import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../cli/config-text.ts';
import { FscError } from '../../runtime/values/errors.ts';

const parse = (text: string) => parseConfigText(text, 'fsc.json');

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FscError) return [error.message, error.why].filter((part) => part !== null).join(' | ');
    throw error;
  }
  return 'no fault';
}

describe('fsc.json', () => {
  it('tells the place of every fault', () => {
    const node = parse('{\n  "clock": "moon",\n  "sources": { "a": 1 },\n  "profiles": { "p": { "online": 2 } }\n}');
    expect(messageOf(() => node.get('clock')?.oneOf(['wall', 'events']))).toBe('fsc.json:2:12: `clock` is "moon"');
    expect(messageOf(() => node.get('sources')?.get('a')?.get('history'))).toMatch(
      /^fsc.json:3:21: `sources.a` is no object/,
    );
    expect(messageOf(() => node.onlyKeys(['clock', 'sources']))).toMatch(/^fsc.json:4:15: unknown key `profiles`/);
    expect(node.json()).toMatch(/^\{"clock":"moon"/);
    const over = node.overlay(node.get('profiles')?.get('p') ?? node);
    expect(messageOf(() => over.get('online')?.text({}))).toMatch(/^fsc.json:4:34: `online` is no string/);
    expect(over.get('clock')?.oneOf(['moon'])).toBe('moon');
    expect(over.keys()).toEqual(['clock', 'sources', 'profiles', 'online']);
  });

  it('lays objects over each other, and anything else in place', () => {
    const node = parse('{ "a": { "x": "1", "y": "2" }, "over": { "a": { "y": "3" }, "b": "4" } }');
    const merged = node.overlay(node.get('over') ?? node);
    expect(merged.get('a')?.get('x')?.text({})).toBe('1');
    expect(merged.get('a')?.get('y')?.text({})).toBe('3');
    expect(merged.get('b')?.text({})).toBe('4');
  });

  it('reads variables, and tells those that are not set', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a variable is written
    const node = parse('{ "online": "${A}/${B}" }');
    expect(node.get('online')?.text({ A: 'x', B: '' })).toBe('x/');
    expect(messageOf(() => node.get('online')?.text({ A: 'x' }))).toMatch(/^fsc.json:1:13: environment variable `B`/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
    expect(messageOf(() => parse('{ "online": "x/${A" }').get('online')?.text({ A: 'x' }))).toBe(
      'fsc.json:1:13: `online` has a $' + '{ that no } ends',
    );
  });

  it('refuses what is no JSON, no object, or says a key twice', () => {
    expect(messageOf(() => parse('{ "a": '))).toMatch(/^fsc.json:1:\d+: not valid JSON/);
    expect(messageOf(() => parse('[1]'))).toMatch(/^fsc.json:1:1: the configuration is no object/);
    expect(messageOf(() => parse('{ "a": "1",\n "a": "2" }'))).toMatch(
      /^fsc.json:2:2: not valid JSON \| Map keys must be unique/,
    );
    expect(messageOf(() => parse('{ "a": [{ "b": 1 }, { "b": 2 }], "c": "{\\"c\\":" }'))).toBe('no fault');
    expect(parse('{ "__proto__": { "a": "1" } }').get('__proto__')?.get('a')?.text({})).toBe('1');
    expect(parse('{}').get('constructor')).toBeNull();
  });
});
