/** One writer a folder. The lock of a process that is gone is taken over; that of a living one stops the run (exit 3). */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { wallClock } from '../time/clock.ts';
import { errorCode, FscError } from '../values/errors.ts';
import { makeFolder, writeFault } from './durable-file.ts';

const LOCK_FILE = 'lock';
const BEAT_MS = 5000;
/** On another host, or in another container, nobody can ask for a process: its lock counts while it beats. */
const SILENT_MS = 60_000;
/** Locks are made in microseconds; one without content that is this old was left by a crash. */
const GUARD_MS = 10_000;
/** Of a lock that is being made: `.lock.PID.START.HOST.UUID.tmp`, by its maker, since what a crash leaves may be empty. */
const TEMPORARY = /^\.lock\.(?:(\d+)\.(\d*)\.([^.]*)\.)?[0-9a-f-]{36}\.tmp$/;
/** What file systems say that know no hard links. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

const GONE = Symbol('gone');

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The kernel's name of the space in which the number counts: containers that share their host's name have spaces of their own. null if unknown. */
  readonly space: string | null;
  /** Start of the process in the kernel's ticks, so that a new process of the same number is told apart; null if unknown. */
  readonly started: string | null;
}

export interface FolderLock {
  release(): void;
}

/** Folders that this very process holds: a lock with its own number that is not among them was left by a crash. */
const held = new Set<string>();

export function lockFolder(folder: string): FolderLock {
  const path = join(resolve(folder), LOCK_FILE);
  try {
    makeFolder(folder);
    if (!create(path)) takeOver(path, folder);
  } catch (error) {
    throw writeFault(folder, error);
  }
  held.add(path);
  removeLeftLocks(folder);
  const beat = setInterval(() => touch(path), BEAT_MS);
  beat.unref();
  return { release: () => release(path, beat) };
}

/** Whether a living process holds the folder. Takes no lock. */
export function isFolderLocked(folder: string): boolean {
  const path = join(resolve(folder), LOCK_FILE);
  return isAlive(path, readHolder(path));
}

/**
 * Temporary files of locks whose makers are gone. It needs no lock: what a living process makes stays. Of this very process none is in the
 * making, since that takes one turn.
 */
export function removeLeftLocks(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return; // Not there, or not readable: whoever needs it will say so.
  }
  for (const name of names) {
    const match = TEMPORARY.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    if (!isInTheMaking(path, match)) removeIfThere(path);
  }
}

function isInTheMaking(path: string, [, pid, started, host]: RegExpExecArray): boolean {
  if (pid === undefined) return ageMs(path) < GUARD_MS;
  return isAlive(path, {
    pid: Number(pid),
    host: decodeURIComponent(host ?? ''),
    space: null,
    started: started || null,
  });
}

/** Whether a name is that of a lock in the making, which only `removeLeftLocks` may clear away. */
export function isLockTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

function release(path: string, beat: NodeJS.Timeout): void {
  clearInterval(beat);
  if (!held.delete(path)) return;
  const holder = readHolder(path);
  if (holder === GONE || holder === null || !isOwn(holder)) return;
  removeIfThere(path);
}

function touch(path: string): void {
  const seconds = wallClock.nowMicros() / 1_000_000;
  try {
    utimesSync(path, seconds, seconds);
  } catch {
    // Gone or read-only by now: whoever writes next will find out.
  }
}

/** False: there is one already. It appears with its content: who is killed on the way leaves none that would lock others out. */
function create(path: string): boolean {
  const temporary = temporaryName(dirname(path));
  try {
    writeHolder(temporary);
    return appear(temporary, path);
  } finally {
    removeIfThere(temporary);
  }
}

function temporaryName(folder: string): string {
  const { pid, host, started } = ownHolder();
  const maker = `${pid}.${started ?? ''}.${encodeURIComponent(host).replaceAll('.', '%2E')}`;
  return join(folder, `.${LOCK_FILE}.${maker}.${randomUUID()}.tmp`);
}

function writeHolder(path: string): void {
  const descriptor = openSync(path, 'wx');
  try {
    writeSync(descriptor, JSON.stringify(ownHolder()));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function appear(from: string, path: string): boolean {
  try {
    linkSync(from, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!WITHOUT_LINKS.has(errorCode(error) ?? '')) throw error;
  }
  try {
    copyFileSync(from, path, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    removeIfThere(path);
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone, or left for the next run to clear.
  }
}

function ownHolder(): Holder {
  return { pid: process.pid, host: hostname(), space: ownSpace(), started: startOf(process.pid) };
}

function isOwn(holder: Holder): boolean {
  const own = ownHolder();
  return !isElsewhere(holder) && holder.pid === own.pid && holder.started === own.started;
}

function takeOver(path: string, folder: string): void {
  const holder = readHolder(path);
  if (isAlive(path, holder)) throw inUse(folder, holder);
  const guard = `${path}.takeover`;
  if (!enterGuard(guard)) throw inUse(folder, holder);
  try {
    // Somebody may have been faster between the look and the guard.
    const now = readHolder(path);
    if (now !== GONE) {
      if (isAlive(path, now)) throw inUse(folder, now);
      // Only what was seen to be dead: where it was gone, whoever came first has made the next one, which lives.
      removeDead(path);
    }
    if (!create(path)) throw inUse(folder, readHolder(path));
  } finally {
    removeIfThere(guard);
  }
}

function removeDead(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** The guard is a lock itself, so that one which a crash left is told from one in use. */
function enterGuard(guard: string): boolean {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (create(guard)) return true;
    const holder = readHolder(guard);
    if (holder === GONE) continue;
    if (isAlive(guard, holder)) return false;
    removeDeadGuard(guard);
  }
  return false;
}

/** Moved aside first: where another process was faster, what is moved is its own, and goes back. */
function removeDeadGuard(guard: string): void {
  const aside = temporaryName(dirname(guard));
  try {
    renameSync(guard, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (isAlive(aside, readHolder(aside))) appear(aside, guard);
  } finally {
    removeIfThere(aside);
  }
}

/** null: unreadable, as a crash leaves it where there are no hard links. */
function readHolder(path: string): Holder | null | typeof GONE {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? GONE : null;
  }
  try {
    const json: unknown = JSON.parse(text);
    if (json === null || typeof json !== 'object') return null;
    const { pid, host, space, started } = json as Partial<Record<keyof Holder, unknown>>;
    if (typeof pid !== 'number' || typeof host !== 'string') return null;
    return { pid, host, space: textOrNull(space), started: textOrNull(started) };
  } catch {
    return null;
  }
}

function isAlive(path: string, holder: Holder | null | typeof GONE): boolean {
  if (holder === GONE) return false;
  if (holder === null) return ageMs(path) < GUARD_MS;
  if (isElsewhere(holder)) return ageMs(path) < SILENT_MS;
  if (holder.pid === process.pid) return held.has(path);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    if (errorCode(error) === 'ESRCH') return false;
  }
  const started = startOf(holder.pid);
  return holder.started === null || started === null || holder.started === started;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isElsewhere({ host, space }: Holder): boolean {
  const own = ownSpace();
  return host !== hostname() || (space !== null && own !== null && space !== own);
}

function ownSpace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? Number.POSITIVE_INFINITY : wallClock.nowMicros() / 1000 - stat.mtimeMs;
}

function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold blanks and parentheses itself.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function inUse(folder: string, holder: Holder | null | typeof GONE): FscError {
  const isKnown = holder !== null && holder !== GONE;
  const who = isKnown ? `process ${holder.pid} on ${holder.host}` : 'a process that has just started';
  return new FscError(
    'FSC7114',
    3,
    `the state folder ${folder} is in use`,
    `${who} writes it`,
    isKnown && isElsewhere(holder)
      ? 'wait for it to end or stop it, and run again; if it was killed, in a minute'
      : 'wait for it to end or stop it, and run again',
  );
}
