/**
 * A disk that fails, and a process that dies, at the n-th call that changes anything. It stands between the product and node:fs, under one folder.
 * At a loss of power what was not synced is gone, or half there: contents go back to their last sync or to something on the way from it, names
 * to the last sync of their folder.
 */
import type * as fsp from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Random } from '../state/plans.ts';

/** The real ones, whatever the tests put in their place. */
const fs = process.getBuiltinModule('node:fs');

export class Died extends Error {}

export type Fault =
  | { readonly kind: 'none' }
  /** From the n-th call on until `repair`; with `once` that call alone. */
  | { readonly kind: 'fail'; readonly at: number; readonly code: string; readonly once: boolean }
  /** The call has no effect, or (writes) half of it. */
  | { readonly kind: 'die'; readonly at: number };

/** Faults of the product that the tests must find. */
export interface Sabotage {
  /** Syncs of files named so do nothing. */
  readonly unsynced?: RegExp;
  readonly beforeRename?: (disk: Disk, to: string) => void;
}

interface Inode {
  /** null: never synced. */
  durable: Buffer | null;
  isDirty: boolean;
}

const FLAGS_NEW = /[wa]/;

export class Disk {
  calls = 0;
  isDead = false;
  fault: Fault = { kind: 'none' };
  sabotage: Sabotage = {};
  readonly log: string[] = [];
  #root: string | null = null;
  /** Of files that stand under a name now. */
  #inodes = new Map<string, Inode>();
  /** Names as their folders were last synced. */
  #names = new Map<string, Inode>();
  /** Folders that were made, and are not yet on the disk as names of their parents. */
  readonly #newFolders = new Set<string>();
  readonly #descriptors = new Map<number, string>();

  /** Watches what happens under the folder from now on; what is there is on the disk. */
  watch(root: string, fault: Fault): void {
    this.#root = root;
    this.fault = fault;
    this.calls = 0;
    this.isDead = false;
    this.log.length = 0;
    this.#inodes = new Map();
    this.#newFolders.clear();
    this.#descriptors.clear();
    for (const path of filesUnder(root)) this.#inodes.set(path, { durable: fs.readFileSync(path), isDirty: false });
    this.#names = new Map(this.#inodes);
  }

  unwatch(): void {
    this.#root = null;
  }

  get isOn(): boolean {
    return this.#root !== null;
  }

  isWatched(path: unknown): path is string {
    return (
      this.#root !== null && typeof path === 'string' && (path === this.#root || path.startsWith(`${this.#root}/`))
    );
  }

  /** Before anything is changed. Throws if it fails here. */
  call(name: string, path: string, half: (() => void) | null = null): void {
    if (this.isDead) throw new Died();
    this.calls += 1;
    this.log.push(`${name} ${basename(path)}`);
    const { fault } = this;
    if (fault.kind === 'die' && this.calls === fault.at) {
      half?.();
      this.isDead = true;
      throw new Died(`at ${name} ${basename(path)}`);
    }
    if (fault.kind === 'fail' && (fault.once ? this.calls === fault.at : this.calls >= fault.at)) {
      half?.();
      throw Object.assign(new Error(`${fault.code}: ${name} ${basename(path)}`), { code: fault.code });
    }
  }

  /** A file that somebody else wrote there. */
  note(path: string): void {
    this.#inodes.set(path, { durable: null, isDirty: true });
  }

  opened(path: string, flags: string): void {
    if (!this.#inodes.has(path) && FLAGS_NEW.test(flags)) this.note(path);
  }

  made(path: string): void {
    for (let folder = path; this.isWatched(folder) && !fs.existsSync(folder); folder = dirname(folder))
      this.#newFolders.add(folder);
  }

  changed(path: string): void {
    const inode = this.#inodes.get(path);
    if (inode === undefined) this.note(path);
    else inode.isDirty = true;
  }

  synced(path: string): void {
    if (this.sabotage.unsynced?.test(basename(path)) === true) return;
    if (fs.statSync(path).isDirectory()) {
      for (const folder of this.#newFolders) if (dirname(folder) === path) this.#newFolders.delete(folder);
      for (const name of [...this.#names.keys()]) if (dirname(name) === path) this.#names.delete(name);
      for (const [name, inode] of this.#inodes) if (dirname(name) === path) this.#names.set(name, inode);
      return;
    }
    const inode = this.#inodes.get(path);
    if (inode === undefined) return;
    inode.durable = fs.readFileSync(path);
    inode.isDirty = false;
  }

  renamed(from: string, to: string): void {
    const inode = this.#inodes.get(from);
    this.#inodes.delete(from);
    if (inode !== undefined) this.#inodes.set(to, inode);
  }

  linked(from: string, to: string): void {
    const inode = this.#inodes.get(from);
    if (inode !== undefined) this.#inodes.set(to, inode);
  }

  removed(path: string): void {
    for (const name of [...this.#inodes.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.#inodes.delete(name);
  }

  descriptor(descriptor: number, path: string): number {
    this.#descriptors.set(descriptor, path);
    return descriptor;
  }

  pathOf(descriptor: number): string | null {
    return this.#descriptors.get(descriptor) ?? null;
  }

  closed(descriptor: number): void {
    this.#descriptors.delete(descriptor);
  }

  /** What a restart finds after the power was lost. */
  losePower(r: Random): void {
    const current = new Map(this.#inodes);
    const contents = new Map<Inode, Buffer | null>();
    for (const [path, inode] of current) contents.set(inode, fs.existsSync(path) ? fs.readFileSync(path) : null);
    for (const inode of new Set([...current.values(), ...this.#names.values()])) {
      if (!inode.isDirty && inode.durable !== null) contents.set(inode, inode.durable);
      else contents.set(inode, between(r, inode.durable, contents.get(inode) ?? null));
    }
    for (const path of new Set([...current.keys(), ...this.#names.keys()])) {
      const [now, then] = [current.get(path), this.#names.get(path)];
      const inode = now === then || r.chance(0.5) ? now : then;
      const content = inode === undefined ? null : (contents.get(inode) ?? null);
      if (content === null) fs.rmSync(path, { force: true });
      else {
        fs.mkdirSync(dirname(path), { recursive: true });
        fs.writeFileSync(path, content);
      }
    }
    for (const folder of this.#newFolders) if (r.chance(0.5)) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a file that was not synced: its last sync, what it is now, or something between. */
function between(r: Random, durable: Buffer | null, now: Buffer | null): Buffer | null {
  const old = durable ?? Buffer.alloc(0);
  const fresh = now ?? old;
  switch (r.int(4)) {
    case 0:
      return durable;
    case 1:
      return fresh;
    case 2: {
      // The beginning of what was appended.
      if (fresh.length <= old.length) return r.chance(0.5) ? old : fresh;
      return fresh.subarray(0, old.length + r.int(fresh.length - old.length + 1));
    }
    default: {
      // Its length is there, its content is not.
      if (fresh.length <= old.length) return old;
      const out = Buffer.alloc(fresh.length);
      old.copy(out);
      const written = r.int(fresh.length - old.length + 1);
      fresh.copy(out, old.length, old.length, old.length + written);
      return out;
    }
  }
}

function filesUnder(root: string): string[] {
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(root, entry.name)) : [join(root, entry.name)]));
}

type Fs = typeof fs;
type Promises = typeof fsp;
type MakeOptions = import('node:fs').MakeDirectoryOptions;

/** node:fs with the disk in between. */
export function faultySync(disk: Disk, real: Fs): Fs {
  const onPath = (name: string, path: unknown, act: (path: string) => void): void => {
    if (!disk.isWatched(path)) return;
    disk.call(name, path);
    act(path);
  };
  return {
    ...real,
    openSync: ((path: string, flags: string, ...rest: []) => {
      if (!disk.isWatched(path)) return real.openSync(path, flags, ...rest);
      if (FLAGS_NEW.test(flags)) disk.call('open', path);
      else if (disk.isDead) throw new Died();
      const descriptor = real.openSync(path, flags, ...rest);
      disk.opened(path, flags);
      return disk.descriptor(descriptor, path);
    }) as Fs['openSync'],
    closeSync: (descriptor) => {
      disk.closed(descriptor);
      real.closeSync(descriptor);
    },
    writeSync: ((descriptor: number, data: Buffer | string, offset?: number, ...rest: []) => {
      const path = disk.pathOf(descriptor);
      if (path !== null) {
        const bytes = Buffer.from(data as Buffer).subarray(typeof data === 'string' ? 0 : (offset ?? 0));
        disk.call('write', path, () => {
          real.writeSync(descriptor, bytes.subarray(0, bytes.length >> 1));
          disk.changed(path);
        });
        disk.changed(path);
      }
      return real.writeSync(descriptor, data as Buffer, offset, ...rest);
    }) as Fs['writeSync'],
    fdatasyncSync: (descriptor) => syncOf(disk, disk.pathOf(descriptor)),
    fsyncSync: (descriptor) => syncOf(disk, disk.pathOf(descriptor)),
    ftruncateSync: (descriptor, length) => {
      const path = disk.pathOf(descriptor);
      if (path !== null) {
        disk.call('truncate', path);
        disk.changed(path);
      }
      real.ftruncateSync(descriptor, length);
    },
    mkdirSync: ((path: string, options: MakeOptions) => {
      if (!real.existsSync(path)) onPath('mkdir', path, (one) => disk.made(one));
      return real.mkdirSync(path, options);
    }) as Fs['mkdirSync'],
    renameSync: (from, to) => {
      if (disk.isWatched(to)) {
        disk.sabotage.beforeRename?.(disk, to);
        disk.call('rename', to);
        disk.renamed(String(from), to);
      }
      real.renameSync(from, to);
    },
    linkSync: (from, to) => {
      if (disk.isWatched(to)) {
        disk.call('link', to);
        disk.linked(String(from), to);
      }
      real.linkSync(from, to);
    },
    rmSync: (path, options) => {
      if (real.existsSync(path)) onPath('rm', path, (one) => disk.removed(one));
      real.rmSync(path, options);
    },
    unlinkSync: (path) => {
      onPath('unlink', path, (one) => disk.removed(one));
      real.unlinkSync(path);
    },
  };
}

/** Nothing is really synced: this power is never lost, and a sync takes longer than all else. */
function syncOf(disk: Disk, path: string | null): void {
  if (path === null || !disk.isOn) return;
  disk.call('sync', path);
  disk.synced(path);
}

/** node:fs/promises with the disk in between. */
export function faultyPromises(disk: Disk, real: Promises): Promises {
  return {
    ...real,
    open: (async (path: string, flags: string) => {
      if (!disk.isWatched(path)) return real.open(path, flags);
      if (FLAGS_NEW.test(flags)) disk.call('open', path);
      else if (disk.isDead) throw new Died();
      const handle = await real.open(path, flags);
      disk.opened(path, flags);
      return faultyHandle(disk, path, handle);
    }) as Promises['open'],
    rename: async (from, to) => {
      if (disk.isWatched(to)) {
        disk.sabotage.beforeRename?.(disk, to);
        disk.call('rename', to);
        disk.renamed(String(from), to);
      }
      await real.rename(from, to);
    },
    rm: async (path, options) => {
      if (disk.isWatched(path) && fs.existsSync(path)) {
        disk.call('rm', path);
        disk.removed(path);
      }
      await real.rm(path, options);
    },
    mkdir: (async (path: string, options: MakeOptions) => {
      if (disk.isWatched(path) && !fs.existsSync(path)) {
        disk.call('mkdir', path);
        disk.made(path);
      }
      return real.mkdir(path, options);
    }) as Promises['mkdir'],
  };
}

function faultyHandle(disk: Disk, path: string, handle: fsp.FileHandle): fsp.FileHandle {
  const write = async (bytes: Uint8Array, offset: number, length: number, position: number | null) => {
    const part = bytes.subarray(offset ?? 0, (offset ?? 0) + (length ?? bytes.length));
    disk.call('write', path, () => {
      fs.writeSync(handle.fd, part.subarray(0, part.length >> 1), 0, part.length >> 1, position);
      disk.changed(path);
    });
    disk.changed(path);
    return handle.write(part, 0, part.length, position);
  };
  const own: Partial<Record<keyof fsp.FileHandle, unknown>> = {
    write,
    // A system may take a part of what it is given, and this one always does.
    writev: async (parts: readonly Uint8Array[], position: number | null) => {
      const bytes = Buffer.concat(parts);
      const { bytesWritten } = await write(bytes, 0, Math.ceil(bytes.length / 2), position);
      return { bytesWritten, buffers: parts };
    },
    sync: async () => syncOf(disk, path),
    datasync: async () => syncOf(disk, path),
    truncate: async (length: number) => {
      disk.call('truncate', path);
      disk.changed(path);
      await handle.truncate(length);
    },
  };
  return new Proxy(handle, {
    get: (target, name) => {
      const replaced = own[name as keyof fsp.FileHandle];
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export const disk = new Disk();
