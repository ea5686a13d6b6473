/**
 * Where DuckDB puts what does not fit into memory. By itself that is `.tmp` in the working directory, whatever the instance, and two that share a
 * folder overwrite each other's files: a crash, or wrong rows.
 */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wallClock } from '../time/clock.ts';

const NAME = /^spill-(\d+)-/;
/** What a process that was killed has left is removed once it is so old: process numbers mean another one in another container. */
const KEPT_MICROS = 24 * 3600 * 1_000_000;

/** null: nowhere in particular. */
let base: string | null = null;
/** Whether what others have left in it was looked for. */
let isCleared = false;
/** Of this process alone, where there is no base that can be written. */
let own: string | null = null;
const made: string[] = [];

/** Instances that are made from now on spill into folders in this one, which need not be there. */
export function spillUnder(folder: string): void {
  base = folder;
  isCleared = false;
}

/** A folder for one instance. DuckDB makes it when it needs it. */
export function newSpillFolder(): string {
  if (made.length === 0) process.once('exit', removeAll);
  const folder = join(writableBase(), `spill-${process.pid}-${randomUUID()}`);
  made.push(folder);
  return folder;
}

function writableBase(): string {
  if (base !== null && canWrite(base)) {
    if (!isCleared) removeLeft(base);
    isCleared = true;
    return base;
  }
  if (own === null) {
    own = mkdtempSync(join(tmpdir(), 'fsc-spill-'));
    made.push(own);
  }
  return own;
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function removeLeft(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || Number(pid) === process.pid) continue;
    const path = join(folder, name);
    if (wallClock.nowMicros() - lastUsedMicros(path) > KEPT_MICROS) remove(path);
  }
}

function lastUsedMicros(folder: string): number {
  try {
    const times = [folder, ...readdirSync(folder).map((name) => join(folder, name))].map(
      (path) => statSync(path).mtimeMs,
    );
    return Math.max(...times) * 1000;
  } catch {
    // Somebody else is removing it.
    return Number.POSITIVE_INFINITY;
  }
}

function removeAll(): void {
  for (const folder of made) remove(folder);
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A later process finds it.
  }
}
