/** SQL that random cases found refused though it is allowed. */
import { describe, expect, it } from 'vitest';
import { compileProject } from '../../compiler/index.ts';
import { compileView, faultsOf } from './project.ts';

describe('allowed', () => {
  it.each([
    ["date_trunc('hour', ts)"],
    ['CAST(ts AS date)'],
    ["date_trunc('month', CAST(CAST(ts AS date) AS timestamp))"],
  ])('%s as a key: records lie in 1970 to 2200', (key) => {
    expect(faultsOf(compileView(`SELECT usr, ${key} AS day, count(*) AS x FROM events GROUP BY usr, ${key}`))).toEqual(
      [],
    );
  });

  it('a literal longer than the column beside it', () => {
    const source = `-- @event_time ts
CREATE TABLE s (id bigint NOT NULL PRIMARY KEY, ts timestamp NOT NULL, usr varchar(4) NOT NULL);`;
    const sql = "SELECT usr, max(CASE WHEN id > 1 THEN usr ELSE 'longer' END) AS a, max(coalesce(usr, 'longer')) AS b";
    const view = `${sql} FROM s GROUP BY usr`;
    const files = new Map([
      ['features/sources/s.sql', source],
      ['features/t/v1.sql', view],
    ]);
    expect(faultsOf(compileProject(files))).toEqual([]);
  });
});

describe('still refused', () => {
  it('a key moved by an interval, which may leave the range', () => {
    const key = "ts + INTERVAL '1 day'";
    const sql = `SELECT usr, ${key} AS day, count(*) AS x FROM events GROUP BY usr, ${key}`;
    expect(faultsOf(compileView(sql))).toEqual([`FSC3205 ${key}`]);
  });
});
