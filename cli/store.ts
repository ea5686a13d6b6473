/** The online store of a project, as fsc.json names it. */
import { resolve } from 'node:path';
import { openLmdbStore } from '../runtime/stores/lmdb-store.ts';
import { MemoryStore } from '../runtime/stores/memory-store.ts';
import type { OnlineStore } from '../runtime/stores/store.ts';
import { FscError } from '../runtime/values/errors.ts';
import { pathsOf } from './paths.ts';
import type { Project } from './project.ts';

export async function openStore(project: Project, readOnly: boolean): Promise<OnlineStore> {
  const { online, namespace } = project.config;
  if (online === 'memory') return new MemoryStore();
  return openLmdbStore({ path: lmdbPath(project, online), readOnly, namespace });
}

function lmdbPath(project: Project, online: string): string {
  if (online === 'lmdb') return pathsOf(project).online;
  if (/^[a-z][a-z0-9+.-]+:/i.test(online)) {
    throw new FscError(
      'FSC7011',
      2,
      `online store \`${online.replace(/:\/\/.*$/s, '://…')}\` is not in this version`,
      'LMDB and memory are',
      'write "online": "lmdb" in fsc.json, or the folder of an LMDB store',
    );
  }
  return resolve(project.root, online);
}
