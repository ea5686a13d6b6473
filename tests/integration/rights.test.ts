/** A user that may not read some part of a project: each command says so, or gives what it gives otherwise; none takes the part for empty. */
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, cli, project } from '../cli/in-process.ts';
import { withoutPrivilege } from '../cli/other-user.ts';

const FILES = {
  'fsc.json': '{ "sources": { "e": { "history": "data/*.jsonl", "stream": "-" } }, "clock": "events" }',
  'data/1.jsonl':
    '{"id":1,"t":"2024-01-01T00:00:00Z","k":"x","x":4}\n{"id":2,"t":"2024-01-01T00:01:00Z","k":"y","x":0}\n',
  'labels.csv': 'k,as_of\nx,2024-01-01T00:05:00Z\n',
  'features/sources/e.sql':
    '-- @event_time t\nCREATE TABLE e (id bigint NOT NULL PRIMARY KEY, t timestamp NOT NULL, k text NOT NULL, x integer CHECK (x > 0));\n',
  'features/v/v1.sql': 'SELECT k, count(*) AS n, sum(x) AS s FROM e GROUP BY k\n',
};
const STREAM = [2, 3].map((id) => `{"id":${id},"t":"2024-01-01T00:0${id}:00Z","k":"x","x":${id}}\n`).join('');
const COMMANDS: readonly (readonly string[])[] = [
  ['query', 'SELECT count(*) AS n, sum(x) AS x FROM e', '--format', 'json'],
  ['query', "FROM v_v1(TIMESTAMP '2024-01-02')", '--format', 'json'],
  ['get', 'v_v1', 'k=x', '--meta', '--format', 'json'],
  ['get', 'v_v1', '--all', '--format', 'json'],
  ['quarantine', 'list', '--format', 'json'],
  ['quarantine', 'retry', '--all'],
  ['verify'],
  ['dataset', '--labels', 'labels.csv', '--view', 'v_v1', '--out', '-', '--allow-open'],
  ['run', '--mode', 'batch', '--view', 'v_v1', '--out', '-'],
  ['explain', 'v_v1'],
  ['check'],
  ['compile', '--check'],
];

let world: ReturnType<typeof project>;
const answers: CliResult[] = [];
const fsc = (args: readonly string[], stdin = ''): Promise<CliResult> => cli(args, { cwd: world.root, stdin });

beforeAll(async () => {
  world = project(FILES);
  chmodSync(world.root, 0o755);
  expect(await fsc(['run', '--mode', 'stream'], STREAM)).toMatchObject({ code: 0 });
  // What a command loads is loaded by somebody who may.
  for (const args of COMMANDS.filter((args) => args[1] !== 'retry')) expect(await fsc(args)).toMatchObject({ code: 0 });
  for (const args of COMMANDS) answers.push(await withoutPrivilege(() => fsc(args)));
}, 120_000);
afterAll(() => world.remove());

/** Folders and files of the project, but what a compilation or a query makes again. */
function parts(folder: string): string[] {
  return readdirSync(join(world.root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...parts(path)] : [path];
  });
}

describe('a part of a project that this user may not read', () => {
  it('is named, with what to do', async () => {
    const archive = join(world.root, '.fsc/archive/e');
    chmodSync(archive, 0o000);
    const { code, err } = await withoutPrivilege(() => fsc(['query', 'SELECT count(*) FROM e']));
    chmodSync(archive, 0o755);
    expect(code).toBe(2);
    expect(err).toContain(`error[FSC7028]: cannot use ${archive}\n  = cause: EACCES: permission denied`);
    expect(err).toContain('help: give this user the right to it');
  });

  it('stops a command, or is none of its business', async () => {
    const wrong: string[] = [];
    let stopped = 0;
    for (const part of ['.', ...parts('.')]) {
      const path = join(world.root, part);
      const mode = statSync(path).mode & 0o777;
      chmodSync(path, 0o000);
      try {
        for (const [i, args] of COMMANDS.entries()) {
          const { code, out, err } = await withoutPrivilege(() => fsc(args));
          if (code !== 0) stopped += 1;
          const isSame = code === 0 && answers[i]!.code === 0 && out === answers[i]!.out;
          const isTold = [1, 2, 3].includes(code) && /FSC\d{4}/.test(err) && !err.includes('corrupt');
          if (!isSame && !isTold) wrong.push(`${part}: ${args[0]} ${args[1]}: ${code} ${out}${err}`);
        }
      } finally {
        chmodSync(path, mode);
      }
    }
    expect(wrong).toEqual([]);
    expect(stopped).toBeGreaterThan(100);
  }, 300_000);
});

describe('a project that this user may not write, without generated/', () => {
  it('is read as it is compiled: only what would write it is refused', async () => {
    const bare = project(FILES);
    const asNobody = (args: readonly string[]): Promise<CliResult> =>
      withoutPrivilege(() => cli(args, { cwd: bare.root }));
    try {
      chmodSync(bare.root, 0o555);
      for (const args of COMMANDS.filter(([name]) => name === 'query' || name === 'dataset' || name === 'run')) {
        const { code, err } = await asNobody(args);
        expect([args[0], code, err]).toEqual([args[0], 0, expect.stringContaining('this user may not write it')]);
      }
      const { code, err } = await asNobody(['run', '--mode', 'stream']);
      expect([code, err]).toEqual([2, expect.stringContaining('cannot write generated/')]);
      expect(readdirSync(bare.root)).not.toContain('generated');
    } finally {
      chmodSync(bare.root, 0o755);
      bare.remove();
    }
  }, 60_000);
});
