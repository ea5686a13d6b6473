import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnosticFiles, diagnosticPages } from '../../cli/diagnostic-pages.ts';
import { cli, project } from './in-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SOURCE = `-- @event_time paid_at
CREATE TABLE payments (
  id      bigint    NOT NULL PRIMARY KEY,
  paid_at timestamp NOT NULL,
  card    text      NOT NULL,
  amount  decimal(12,2),
  rate    double precision
);`;
const ACTIVITY = `-- @owner risk
SELECT
  upper(card) AS c,
  count(*) FILTER (WHERE paid_at > now() - INTERVAL '1 hour' AND amount > 10) AS large_1h,
  sum(amount) AS spent,
  avg(rate) AS rate,
  extract(epoch FROM now() - max(paid_at)) AS quiet
FROM payments
WHERE paid_at >= date_trunc('month', now()) - INTERVAL '1 month' AND amount <> 0
GROUP BY upper(card)
HAVING count(*) > 1`;

const FILES = {
  'features/sources/payments.sql': SOURCE,
  'features/card/v1.sql': ACTIVITY,
  'features/sources/request.sql': '-- @kind request\nCREATE TABLE request (name text NOT NULL);',
  'features/risk/v1.sql':
    'SELECT r.name, coalesce(a.spent, 0) AS spent FROM request r LEFT JOIN card_v1 a ON a.c = r.name',
  'features/latest/v1.sql': '-- @entity card\nSELECT card, amount, rate FROM payments WHERE amount > 0',
};

describe('fsc explain VIEW', () => {
  let world: ReturnType<typeof project>;
  beforeAll(() => {
    world = project(FILES);
  });
  afterAll(() => world.remove());
  const explain = (...args: string[]) => cli(['explain', ...args], { cwd: world.root });

  it('tells the stages in words, and writes nothing', async () => {
    const { code, out, err } = await explain('card_v1');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('card_v1: aggregates over payments, a row for each c\n');
    expect(out).toContain('takes a record where amount <> 0\n');
    expect(out).toContain("counts it while paid_at >= date_trunc('month', now()) - 1 month\n");
    expect(out).toContain('entity: c text = upper(card)\n');
    expect(out).toMatch(/s0 {2}count\(\*\) +bigint +over paid_at > now\(\) - 1 hour, where amount > 10\n/);
    expect(out).toMatch(/s1 {2}sum\(amount\) +decimal\(38,2\) +over all that counts\n/);
    expect(out).toMatch(/quiet +double precision +exact +extract\(epoch FROM now\(\) - max\(paid_at\)\) {2}\(s3\)\n/);
    expect(out).toContain('only where count(*) > 1\n');
    expect(out).toContain('raw events of the last ');
    expect(out).toMatch(/\d+ bytes an entity beside the text of its key, \d+ bytes a kept event\n/);
    expect(out).toMatch(/double \(.*\): rate\n/);
    expect(out).toContain('CREATE OR REPLACE MACRO "card_v1"');
    expect(out).toContain('CREATE OR REPLACE FUNCTION "card_v1"');
    expect(readdirSync(world.root)).toEqual(['features']);
  });

  it('tells it as one JSON object', async () => {
    const { out } = await explain('card_v1', '--format', 'json');
    const words = JSON.parse(out) as Record<string, unknown>;
    expect(words).toMatchObject({
      view: 'card_v1',
      shape: 'aggregate',
      owner: 'risk',
      entity: [{ name: 'c', type: 'text' }],
      enrich: { where: 'amount <> 0', entity: ['upper(card)'] },
      filter: 'count(*) > 1',
    });
    expect(words.aggregate).toContainEqual({
      slot: 0,
      what: 'count(*)',
      window: 'paid_at > now() - 1 hour',
      where: 'amount > 10',
      type: 'bigint',
    });
    expect(words.project).toContainEqual({
      name: 'rate',
      type: 'double precision',
      agreement: 'double',
      expression: 'avg(rate)',
      slot: 2,
      slots: [2],
    });
    expect(Object.keys(words.sql as object)).toEqual(['duckdb', 'postgres']);
  });

  it('tells rows views and request views', async () => {
    const rows = await explain('latest_v1');
    expect(rows.out).toContain('latest_v1: rows of payments; the latest one for each card\n');
    expect(rows.out).toContain('2  aggregate, the latest row of each card\n');
    const request = await explain('risk_v1');
    expect(request.out).toContain('may have a row of card_v1: c = r.name\n');
    expect(request.out).toMatch(/spent +decimal\(\d+,\d+\) +exact +coalesce\(a\.spent, 0\)\n/);
  });

  it('suggests what may be meant', async () => {
    expect(await explain('crad_v1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean `card_v1`?'),
    });
    expect(await explain('card')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean `card_v1`?') });
    expect(await explain('nothing_like_it')).toMatchObject({ code: 2, err: expect.stringContaining('error[FSC7018]') });
  });

  it('shows the faults of SQL that has some', async () => {
    const broken = project({ ...FILES, 'features/card/v1.sql': 'SELECT card, nothing FROM payments' });
    const { code, err, out } = await cli(['explain', 'card_v1'], { cwd: broken.root });
    broken.remove();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('features/card/v1.sql:1:');
  });
});

describe('fsc explain CODE', () => {
  const anywhere = { cwd: '/' };

  it('prints the page, without a project and in any case of letters', async () => {
    const { code, out } = await cli(['explain', 'fsc3010'], anywhere);
    expect(code).toBe(0);
    expect(out).toBe(readFileSync(join(ROOT, 'docs/diagnostics/FSC3010.md'), 'utf8'));
    const json = JSON.parse((await cli(['explain', 'FSC7106', '--format', 'json'], anywhere)).out) as { code: string };
    expect(json).toMatchObject({ code: 'FSC7106', title: 'history and stream overlap without a key' });
  });

  it('suggests a code for one that there is not', async () => {
    const { code, err, out } = await cli(['explain', 'FSC3199'], anywhere);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/did you mean `FSC3\d{3}`\?/);
  });
});

/** Every TypeScript file of the product. */
function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(ROOT, folder, name));
}

describe('pages of codes', () => {
  const pages = diagnosticPages();
  const files = ['cli', 'compiler', 'runtime'].flatMap(sources);

  it('are there for every code that the product names', () => {
    const missing = files.flatMap((file) => {
      const codes = readFileSync(file, 'utf8').match(/(?<=['"])FSC\d{4}(?=['"])/g) ?? [];
      return codes.filter((code) => !pages.has(code)).map((code) => `${code} in ${file.slice(ROOT.length)}`);
    });
    expect(missing).toEqual([]);
  });

  it('are there for every list of codes', () => {
    const missing = files
      .filter((file) => file.endsWith('error-codes.ts'))
      .flatMap((file) => readFileSync(file, 'utf8').match(/^ {2}FSC\d{4}(?=:)/gm) ?? [])
      .filter((code) => !pages.has(code.trim()));
    expect(missing).toEqual([]);
  });

  it('stand in docs/diagnostics (npm run build && node scripts/docs-diagnostics.mjs writes them)', () => {
    const folder = join(ROOT, 'docs/diagnostics');
    const wanted = diagnosticFiles();
    expect(readdirSync(folder).sort()).toEqual([...wanted.keys()].sort());
    const stale = [...wanted].filter(([name, text]) => readFileSync(join(folder, name), 'utf8') !== text);
    expect(stale.map(([name]) => name)).toEqual([]);
  });
});
