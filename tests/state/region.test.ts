import { afterEach, describe, expect, it, vi } from 'vitest';
import { Region } from '../../runtime/state/grow.ts';

const MEGABYTE = 1 << 20;
const MACHINE_BYTES = 16 * MEGABYTE;

vi.mock('node:os', () => ({ totalmem: () => MACHINE_BYTES }));
afterEach(() => vi.unstubAllGlobals());

/** Another byte each time, so that what was moved to a wrong place shows. */
const PATTERN = Buffer.alloc(2 * MACHINE_BYTES);
for (let i = 0; i < PATTERN.length; i++) PATTERN[i] = Math.imul(i + 1, 0x9e3779b1) >>> 24;
const ZEROS = Buffer.alloc(2 * MACHINE_BYTES);

function fill(region: Region): void {
  new Uint8Array(region.buffer).set(PATTERN.subarray(0, region.buffer.byteLength));
}

function expectKept(region: Region, length: number): void {
  const bytes = Buffer.from(region.buffer);
  expect(bytes.subarray(0, length).equals(PATTERN.subarray(0, length))).toBe(true);
  expect(bytes.subarray(length).equals(ZEROS.subarray(0, bytes.length - length))).toBe(true);
}

/** Grows through these sizes, and looks at the contents each time. */
function growThrough(region: Region, sizes: readonly number[]): void {
  for (const size of sizes) {
    const before = region.buffer.byteLength;
    fill(region);
    const isLarger = size > before;
    expect(region.ensure(size)).toBe(isLarger);
    expect(region.ensure(region.buffer.byteLength)).toBe(false);
    expect(region.buffer.byteLength).toBeGreaterThanOrEqual(size);
    expect(region.buffer.byteLength % 8).toBe(0);
    if (isLarger) expectKept(region, before);
    else expect(region.buffer.byteLength).toBe(before);
  }
}

/** In place of the engine's memory: one of which so many pages can be had. */
function limitMemory(initial: number, grown: number, refusal: () => Error): void {
  class Memory {
    buffer: ArrayBuffer;
    constructor(limits: { initial: number }) {
      if (limits.initial > initial) throw refusal();
      this.buffer = new ArrayBuffer(limits.initial * 65_536);
    }
    grow(pages: number): void {
      if (this.buffer.byteLength / 65_536 + pages > grown) throw refusal();
      const larger = new Uint8Array(this.buffer.byteLength + pages * 65_536);
      larger.set(new Uint8Array(this.buffer));
      this.buffer = larger.buffer;
    }
  }
  vi.stubGlobal('WebAssembly', { Memory });
}

/** In place of buffers: such as are refused above `most` bytes, and have but `real` of them. */
function limitBuffers(most: number, real: number, refusal: () => Error): number[] {
  const asked: number[] = [];
  class Limited extends ArrayBuffer {
    constructor(bytes: number) {
      asked.push(bytes);
      if (bytes > most) throw refusal();
      super(Math.min(bytes, real));
    }
  }
  vi.stubGlobal('ArrayBuffer', Limited);
  return asked;
}

const SIZES = [100, 101, 50, 1000, MEGABYTE - 8, MEGABYTE, 3 * MEGABYTE, 3 * MEGABYTE + 1, MEGABYTE, 5 * MEGABYTE];

describe('a region', () => {
  it('keeps its contents, and the rest is 0, however it grows', () => {
    growThrough(new Region(3), SIZES);
  });

  it('grows ahead, so that little by little it is not copied often', () => {
    const region = new Region(64);
    let moves = 0;
    for (let bytes = 64; bytes <= 4 * MEGABYTE; bytes += 512) if (region.ensure(bytes)) moves++;
    expect(moves).toBeLessThanOrEqual(17);
    expect(region.buffer.byteLength).toBeLessThan(9 * MEGABYTE);
  });

  it('grows where it stands once it is large', () => {
    const region = new Region(64);
    region.ensure(2 * MEGABYTE);
    const before = new Uint8Array(region.buffer);
    region.ensure(9 * MEGABYTE);
    expect(region.buffer.byteLength).toBe(9 * MEGABYTE);
    before[5] = 77;
    expect(new Uint8Array(region.buffer)[5]).toBe(77);
  });

  it.each([
    ['none', 0, 0],
    ['too little', 50, 60],
  ])(
    'is an ordinary buffer with room far ahead where %s of the memory that grows is to be had',
    (_, initial, grown) => {
      limitMemory(initial, grown, () => new RangeError('out of memory'));
      const region = new Region(3);
      growThrough(region, SIZES);
      expect(region.buffer.byteLength).toBe(MACHINE_BYTES / 2);
      growThrough(region, [MACHINE_BYTES / 2 + 4, MACHINE_BYTES]);
    },
  );

  it('asks for less room ahead where so much is refused', () => {
    limitMemory(0, 0, () => new RangeError('out of memory'));
    const asked = limitBuffers(MACHINE_BYTES / 4, MACHINE_BYTES, () => new RangeError('too long'));
    const region = new Region(3);
    growThrough(region, [1000, MEGABYTE]);
    expect(region.buffer.byteLength).toBe(MACHINE_BYTES / 8);
    expect(asked.slice(-2)).toEqual([MACHINE_BYTES / 2, MACHINE_BYTES / 8]);
    limitBuffers(MEGABYTE, MEGABYTE, () => new TypeError('no such thing'));
    expect(() => region.ensure(3 * MEGABYTE)).toThrow(TypeError);
  });

  it('is an ordinary buffer above four gigabytes', () => {
    const asked = limitBuffers(2 ** 40, MEGABYTE, () => new RangeError('too long'));
    const region = new Region(1000);
    fill(region);
    expect(region.ensure(2 ** 32 + 8)).toBe(true);
    expect(asked.pop()).toBeGreaterThan(2 ** 32 + 8);
    expectKept(region, 1000);
  });

  it('does not hide what is wrong beside that', () => {
    limitMemory(0, 0, () => new TypeError('no such thing'));
    expect(() => new Region(3).ensure(2 * MEGABYTE)).toThrow(TypeError);
  });
});
