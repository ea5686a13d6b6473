/** Each construct × each place where it may stand: it compiles, and the machines agree on its values. */
import { describe, expect, it } from 'vitest';
import { compileProject } from '../../compiler/index.ts';
import { CHECKS, JOINED, ON_PLACE, PLACES, RECORDS, SOURCES } from './constructs.ts';
import { machines } from './machines.ts';

const INSTANTS = ['2001-01-01 06:30:00', '2001-01-02 06:00:00'];

describe('every scalar construct', () => {
  it.each([...Object.entries(PLACES), ['ON of a request view', ON_PLACE] as const])('in %s', async (_, sql) => {
    const world = await machines({ ...SOURCES, ...JOINED, 'features/t/v1.sql': sql }, RECORDS);
    let rows = 0;
    for (const at of INSTANTS) rows += (await world.rows('t_v1', at)).length;
    expect(rows).toBeGreaterThan(0);
  });

  it('in CHECK and in @only', () => {
    const source = SOURCES['features/sources/events.sql']!.replace(/\);$/, () => `,\n  ${CHECKS});`);
    const { diagnostics } = compileProject(new Map([['features/sources/events.sql', source]]));
    expect(diagnostics.filter((diagnostic) => diagnostic.severity === 'error')).toEqual([]);
  });
});
