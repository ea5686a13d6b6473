import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFiles } from '../../runtime/sources/files.ts';
import { defaultOrder, parseLocation } from '../../runtime/sources/location.ts';
import { FscError } from '../../runtime/values/errors.ts';
import { event, folder, lines, program, put, read, sourceSpec } from './helpers.ts';

function namesOf(root: string, pattern: string): string[] {
  return findFiles(root, pattern).map((file) => file.name);
}

describe('locations', () => {
  it.each([
    ['data/x.parquet', 'parquet', 'none'],
    ['data/*.csv', 'csv', 'none'],
    ['a.csv.gz', 'csv', 'none'],
    ['/abs/**/*.jsonl', 'jsonl', 'arrival'],
    ['a.jsonl.gz', 'jsonl', 'arrival'],
  ])('%s is %s, read in order %s', (text, format, order) => {
    const location = parseLocation(text);
    expect(location).toEqual({ kind: 'files', pattern: text, format });
    expect(defaultOrder(location)).toBe(order);
  });

  it('- is stdin', () => {
    expect(parseLocation('-')).toEqual({ kind: 'stdin' });
    expect(defaultOrder({ kind: 'stdin' })).toBe('arrival');
  });

  it.each([
    ['postgres:table', null, 'table'],
    ['postgres:My Schema.Table', 'My Schema', 'Table'],
    ['postgres:"a.b"."c""d"', 'a.b', 'c"d'],
  ])('%s is a table, read sorted', (text, schema, name) => {
    const location = parseLocation(text);
    expect(location).toEqual({ kind: 'postgres', table: { schema, name } });
    expect(defaultOrder(location)).toBe('none');
  });

  it.each([
    'kafka:topic',
    'postgres:',
    'postgres:a.b.c',
    'postgres:a"b',
    'postgres://u:secret@host/database',
    's3://bucket/x.parquet',
    'https://u:secret@host/x.csv',
    'x.json',
    'x.parquet.gz',
    '',
  ])('`%s` is refused with exit code 2', (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'FSC7101', exitCode: 2 }));
  });

  it('secrets of an address are not told', () => {
    expect(() => parseLocation('https://u:secret@host/x.csv')).toThrow(/^(?!.*secret).*$/s);
  });

  it('stdin has no sorted order', async () => {
    await expect(read(program(sourceSpec()), { history: '-', order: 'none' })).rejects.toMatchObject({
      code: 'FSC7101',
    });
  });
});

describe('globs', () => {
  const root = folder();
  for (const name of [
    'd/b.jsonl',
    'd/a.jsonl',
    'd/a10.jsonl',
    'd/a2.jsonl',
    'd/.hidden.jsonl',
    'd/sub/x.jsonl',
    'd/é.jsonl',
    'd/\u{1f600}.jsonl',
    'd/\uffee.jsonl',
    'd/[x].jsonl',
    'e,f.jsonl',
  ]) {
    put(root, name, lines(event(0, 1)));
  }
  mkdirSync(join(root, 'd/empty.jsonl'));
  put(root, 'd/.folder.jsonl/part', '');

  it.each([
    ['d/a*.jsonl', ['d/a.jsonl', 'd/a10.jsonl', 'd/a2.jsonl']],
    ['d/a?.jsonl', ['d/a2.jsonl']],
    ['d/[ab].jsonl', ['d/a.jsonl', 'd/b.jsonl']],
    ['d/[!a]*.jsonl', ['d/[x].jsonl', 'd/b.jsonl', 'd/é.jsonl', 'd/\uffee.jsonl', 'd/\u{1f600}.jsonl']],
    ['d/{a,b}.jsonl', ['d/a.jsonl', 'd/b.jsonl']],
    ['d/.h*.jsonl', ['d/.hidden.jsonl']],
    ['**/x.jsonl', ['d/sub/x.jsonl']],
    ['d/**/x.jsonl', ['d/sub/x.jsonl']],
    ['*/*/*.jsonl', ['d/sub/x.jsonl']],
    ['d/[x].jsonl', ['d/[x].jsonl']],
    ['./d/b.jsonl', ['d/b.jsonl']],
    ['e,f.jsonl', ['e,f.jsonl']],
  ])('%s', (pattern, names) => {
    expect(namesOf(root, pattern)).toEqual(names);
  });

  it('take absolute paths, inside and outside the project', () => {
    expect(namesOf(root, join(root, 'd/b*.jsonl'))).toEqual(['d/b.jsonl']);
    const other = folder();
    put(other, 'x.jsonl', '');
    expect(namesOf(root, join(other, '*.jsonl'))).toEqual([join(other, 'x.jsonl')]);
  });

  it('that match nothing are told', () => {
    for (const pattern of ['d/none*.jsonl', 'd/none.jsonl', 'd/empty.jsonl', 'd/.folder.jsonl', 'nowhere/*.jsonl']) {
      expect(() => findFiles(root, pattern)).toThrow(expect.objectContaining({ code: 'FSC7102', exitCode: 2 }));
    }
  });

  it('that name what cannot be read are told, so that no record is missed in silence', () => {
    const at = folder();
    put(at, 'd/a.jsonl', '');
    put(at, 'd/b.jsonl/part-0.jsonl', '');
    mkdirSync(join(at, 'd/c.jsonl'));
    const told = (pattern: string): unknown => {
      try {
        return namesOf(at, pattern);
      } catch (error) {
        return error instanceof FscError ? [error.code, error.exitCode, error.message, error.help] : error;
      }
    };
    const folderTold = ['FSC7102', 2, '`d/b.jsonl` is a folder', 'name those in it: d/b.jsonl/*.jsonl'];
    expect([told('d/*.jsonl'), told('d/b.jsonl')]).toEqual([folderTold, folderTold]);
    expect(told('d/b.jsonl/*.jsonl')).toEqual(['d/b.jsonl/part-0.jsonl']);
    expect(told('d/**/*.jsonl')).toEqual(['d/a.jsonl', 'd/b.jsonl/part-0.jsonl']);
    symlinkSync('nowhere', join(at, 'd/link.jsonl'));
    symlinkSync('self.txt', join(at, 'd/self.txt'));
    const linkTold = ['FSC7102', 2, '`d/link.jsonl` is a link to nothing', 'put it back, or remove the link'];
    expect([told('d/**/*.jsonl'), told('d/link.jsonl')]).toEqual([linkTold, linkTold]);
    expect(told('d/a*.jsonl')).toEqual(['d/a.jsonl']);
    expect(told('/dev/nul*')).toEqual(expect.arrayContaining(['FSC7102', '`/dev/null` is no file']));
    // A name that no folder can have, where there are others that this user may not read.
    expect(told(`${'x'.repeat(300)}/*.jsonl`)).toEqual(expect.arrayContaining(['FSC7103', 2]));
  });

  it('follow links to folders, and not for ever', () => {
    const at = folder();
    put(at, 'd/e/a.jsonl', '');
    symlinkSync('..', join(at, 'd/e/up'));
    symlinkSync('d', join(at, 'other'));
    expect(namesOf(at, 'd/**/*.jsonl')).toEqual(['d/e/a.jsonl']);
    expect(namesOf(at, 'other/*/*.jsonl')).toEqual(['other/e/a.jsonl']);
  });

  it('are ordered by code point, not by UTF-16 unit', () => {
    const at = folder();
    for (const name of ['\u{1f600}', '\uffee', 'b', 'a']) put(at, `${name}.jsonl`, '');
    expect(namesOf(at, '*.jsonl')).toEqual(['a', 'b', '\uffee', '\u{1f600}'].map((name) => `${name}.jsonl`));
  });

  it('are read one after the other', async () => {
    const at = folder();
    put(at, 'b.jsonl', lines(event(1, 1, { p: 'b' })));
    put(at, 'a.jsonl', lines(event(1, 1, { p: 'a' }), event(2, 2)));
    const seen = await read(program(sourceSpec()), { root: at, history: '*.jsonl' });
    expect(seen.verdicts).toEqual(['accepted', 'accepted', 'duplicate']);
  });
});
