import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../cli/config-text.ts';
import { jsonFault } from '../../cli/json-fault.ts';
import { readClientConfig } from '../../runtime/serving/client-config.ts';
import { FscError } from '../../runtime/values/errors.ts';

const parse = (text: string) => parseConfigText(text, 'fsc.json');

function messageOf(action: () => unknown, withHelp = false): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FscError)
      return [error.message, error.why, ...(withHelp ? [error.help] : [])].filter((part) => part !== null).join(' | ');
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
      /^fsc.json:2:2: not valid JSON \| the key `a` stands twice in this object/,
    );
    expect(messageOf(() => parse('{ "a": [{ "b": 1 }, { "b": 2 }], "c": "{\\"c\\":" }'))).toBe('no fault');
    expect(parse('{ "__proto__": { "a": "1" } }').get('__proto__')?.get('a')?.text({})).toBe('1');
    expect(parse('{}').get('constructor')).toBeNull();
  });

  it.each([
    ['{"a": {"b": "x",}}', '1:16', 'nothing follows this comma', 'remove the comma'],
    ['{"a": ["x",\n]}', '1:11', 'nothing follows this comma', 'remove the comma'],
    ["{\n  'a': 1}", '2:3', 'strings stand in double quotes', 'write "a"'],
    ['{"a": \'it\\\'s "b"\'}', '1:7', 'strings stand in double quotes', 'write "it\'s \\"b\\""'],
    ['{"a": \'b}', '1:7', 'strings stand in double quotes', 'write " instead of \''],
    ['{\n  # here\n  "a": 1}', '2:3', 'JSON has no comments', 'remove the comment'],
    ['{"a": 1, // here\n "b": 2}', '1:10', 'JSON has no comments', 'remove the comment'],
    ['{"a": 1/* here */}', '1:8', 'JSON has no comments', 'remove the comment'],
    ['{a: 1}', '1:2', 'the key `a` stands in no double quotes', 'write "a"'],
    ['sources:\n  a: 1', '1:1', '`sources` is no value of JSON', 'write "sources", if it is a text'],
    ['{"a": data/x.jsonl}', '1:7', '`data/x.jsonl` is no value of JSON', 'write "data/x.jsonl", if it is a text'],
    ['{"a": 01}', '1:7', '`01` is no value of JSON', 'write "01", if it is a text'],
    ['{"a": }', '1:7', 'a value is missing here', 'write it, or remove the key or comma before it'],
    ['{, "a": 1}', '1:2', 'a key in double quotes is missing here', 'write "key": value'],
    ['{"a" "b"}', '1:2', 'the key `a` has no value', 'write "a": …'],
    ['{"a": 1\n "b": 2}', '2:2', 'a comma or } is missing here', 'write one before it'],
    ['{"a": ["b"', '1:11', 'it ends within an array', 'close it with ]'],
    ['{"a": 1', '1:8', 'it ends within an object', 'close it with }'],
    ['{"a": 1}}', '1:9', 'there is more behind its end', 'remove it'],
    [
      '{"a": "C:\\data"}',
      '1:10',
      'a string has a backslash that JSON does not know',
      'write \\\\ for a backslash, or /',
    ],
    ['{"a": "x\n"}', '1:7', 'a string is not closed on its line', 'end it with "'],
    ['{"a": "x\ty"}', '1:9', 'a string has a tab', 'write \\t'],
    [' \n', '2:1', 'it is empty', 'write { "sources": { … } }'],
  ])('tells where %s is no JSON, and the edit', (text, place, why, help) => {
    const told = messageOf(() => parse(text), true);
    expect(told).toBe(`fsc.json:${place}: not valid JSON | ${why} | ${help}`);
    expect(() => JSON.parse(text)).toThrow();
  });

  it('takes what JSON.parse takes, and a byte order mark before it', () => {
    const sound = '{ "a": [1, -2.5e3, true, null, {}, []], "b\\u00e9\\"": { "c": "x\\n" } }';
    const signs = [...'{}[],:"\'\\ \n\t\u0001\u007f\u009f\u2028\ud800#/0-.e5axntrue'];
    let seed = 1;
    const next = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const isJson = (text: string) => {
      try {
        return JSON.parse(text) !== undefined;
      } catch {
        return false;
      }
    };
    const others: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      let text = sound;
      for (let edits = 1 + next(2); edits > 0; edits--) {
        const at = next(text.length + 1);
        text = text.slice(0, at) + (next(3) === 0 ? '' : signs[next(signs.length)]) + text.slice(at + next(2));
      }
      const fault = jsonFault(text);
      if (fault?.why.includes('stands twice') !== true && (fault === null) !== isJson(text)) others.push(text);
    }
    expect(others).toEqual([]);
    expect(jsonFault(sound)).toBeNull();
    expect(parse('\uFEFF{ "a": "1" }').get('a')?.text({})).toBe('1');
  });

  it('is refused by the client where the command line refuses it', () => {
    const root = mkdtempSync(join(tmpdir(), 'fsc-config-'));
    try {
      const file = join(root, 'fsc.json');
      for (const text of ['{"clock": "events",}', "{'clock': 'events'}", '{"clock": "events"} # x', '']) {
        writeFileSync(file, text);
        expect(messageOf(() => parse(text))).toMatch(/^fsc.json:1:\d+: not valid JSON/);
        expect(() => readClientConfig(root, {}, {})).toThrow(`${file} cannot be used`);
      }
      const marked = '\uFEFF{"clock": "events"}';
      writeFileSync(file, marked);
      expect(parse(marked).get('clock')?.oneOf(['events'])).toBe('events');
      expect(readClientConfig(root, {}, {})).toMatchObject({ clock: 'events' });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
