/** What is told of an online store in LMDB that cannot be opened, read or written. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FscError, messageOf, saysDiskFull } from '../values/errors.ts';
import type { Refusal } from './lmdb-environment.ts';

export function nothingRunYet(path: string): FscError {
  return new FscError(
    'FSC7206',
    2,
    'nothing was run yet',
    `there is no online store in ${path}`,
    'fill it: fsc run --mode stream',
  );
}

export function cannotOpen(path: string, error: unknown): FscError {
  const why = messageOf(error);
  if (isDiskFull(path, why)) return diskFull(`cannot open the online store in ${path}`);
  return new FscError(
    'FSC7200',
    isOutside(why) ? 3 : 2,
    `cannot open the online store in ${path}`,
    why,
    'make the folder writable, or name another one as "online" in fsc.json',
  );
}

export function refused(path: string, why: Refusal): FscError {
  const [cause, help] = REFUSALS[why];
  return new FscError('FSC7200', 3, `cannot open the online store in ${path}`, cause, help);
}

const REFUSALS: Readonly<Record<Refusal, readonly [cause: string, help: string]>> = {
  'locks-gone': [
    'another process holds its locks, and they are broken',
    'end the processes that have it open, and run again: nothing is lost',
  ],
  'number-taken': [
    `a process of another container has it open, which has the same number (${process.pid}) there: LMDB takes the two for one`,
    'let the containers share their process numbers (docker run --pid=container:NAME, or shareProcessNamespace: true in a pod)',
  ],
};

export function cannotWrite(path: string, error: unknown): FscError {
  const why = messageOf(error);
  if (isDiskFull(path, why)) return diskFull(`cannot write to the online store in ${path}`);
  return new FscError(
    'FSC7205',
    3,
    `cannot write to the online store in ${path}`,
    why,
    'look at the disk, and run again: rows are idempotent',
  );
}

export function diskFull(message: string): FscError {
  return new FscError(
    'FSC7205',
    3,
    message,
    'the disk is full',
    'make room and run again: nothing that was committed is lost',
  );
}

const LEAST_ROOM_BYTES = 1 << 20;

/** A write that was cut short by a full disk is an input/output error to LMDB. */
function isDiskFull(path: string, why: string): boolean {
  if (saysDiskFull(why)) return true;
  return /Input\/output error/.test(why) && hasNoRoom(existsSync(path) ? path : dirname(path));
}

export function hasNoRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < LEAST_ROOM_BYTES;
  } catch {
    return false;
  }
}

/** Faults that pass by themselves or with more room. */
export function isOutside(message: string): boolean {
  return (
    saysDiskFull(message) || /Input\/output error|MDB_MAP_FULL|MDB_READERS_FULL|Resource temporarily/.test(message)
  );
}

export function notLockable(path: string): FscError {
  return new FscError(
    'FSC7200',
    2,
    `cannot open the online store in ${path}`,
    `this user may not write its lock.mdb`,
    'give this user the right to write the folder, or name another one as "online" in fsc.json',
  );
}

export function corrupt(path: string, why: string): FscError {
  return new FscError(
    'FSC7201',
    1,
    `the online store is corrupt: ${path}`,
    why,
    'remove the folder and run again: rows are made again from the state',
  );
}

export function replaced(path: string): FscError {
  return new FscError(
    'FSC7207',
    3,
    `the online store in ${path} was removed or replaced since it was opened`,
    null,
    'run again: rows are made again from the state; a service opens it again by itself',
  );
}
