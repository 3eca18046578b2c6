import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { exampleSegments, packBatch, unpackRows } from "../../src/model/packing.ts";

const limits = { vocabularySize: 50, contextLength: 4 };
const batch = (ids: number[][], mask: number[][]) => ({
  inputIds: Int32Array.from(ids.flat()),
  attentionMask: Uint8Array.from(mask.flat()),
  shape: [ids.length, ids[0].length] as [number, number],
});

const ids = [
  [7, 8, 0],
  [9, 0, 0],
  [1, 2, 3],
];
const mask = [
  [1, 1, 0],
  [1, 0, 0],
  [1, 1, 1],
];

describe("packBatch", () => {
  it("keeps real tokens alone, with their places", () => {
    const packed = packBatch(batch(ids, mask), limits);
    expect(packed).toEqual({
      n: 3,
      rows: 6,
      ids: Int32Array.of(7, 8, 9, 1, 2, 3),
      positions: Int32Array.of(0, 1, 0, 0, 1, 2),
      types: new Int32Array(6),
      examples: Int32Array.of(0, 0, 1, 2, 2, 2),
      offsets: Int32Array.of(0, 2, 3, 6),
    });
    expect(exampleSegments(packed)).toEqual({ table: Int32Array.of(0, 2, 2, 3, 3, 6), rows: 6 });
  });

  it("keeps token types where the network tells them apart", () => {
    const typed = { ...batch(ids, mask), tokenTypeIds: Int32Array.of(0, 1, 9, 1, 9, 9, 0, 0, 1) };
    expect([...packBatch(typed, { ...limits, tokenTypes: 2 }).types]).toEqual([0, 1, 1, 0, 0, 1]);
    expect([...packBatch(typed, limits).types]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...packBatch(batch(ids, mask), { ...limits, tokenTypes: 2 }).types]).toEqual([0, 0, 0, 0, 0, 0]);
    const one = () => packBatch(typed, { ...limits, tokenTypes: 1 });
    expect(one).toThrow(DataError);
    expect(one).toThrow(/text 0, position 1.*token type below 1.*got 1/);
    const short = { ...typed, tokenTypeIds: Int32Array.of(0) };
    expect(() => packBatch(short, limits)).toThrow(/tokenTypeIds.*9 entries/);
  });

  it("unpackRows puts rows back, 0 at padding", () => {
    const packed = packBatch(batch(ids, mask), limits);
    const rows = Float64Array.from({ length: 12 }, (_, j) => j + 1);
    expect([...unpackRows(rows, packed, 3, 2)]).toEqual([
      ...[1, 2, 3, 4, 0, 0],
      ...[5, 6, 0, 0, 0, 0],
      ...[7, 8, 9, 10, 11, 12],
    ]);
  });

  it("takes a padded width beyond the context where the texts fit", () => {
    expect(packBatch(batch([[1, 0, 0, 0, 0, 0]], [[1, 0, 0, 0, 0, 0]]), limits).rows).toBe(1);
  });

  it.each([
    [
      "an empty text",
      [
        [1, 1, 1],
        [0, 0, 0],
        [1, 0, 0],
      ],
      ids,
      DataError,
      /text 1.*empty/,
    ],
    [
      "a hole in the mask",
      [
        [1, 0, 1],
        [1, 0, 0],
        [1, 1, 1],
      ],
      ids,
      CallError,
      /text 0.*right/,
    ],
    [
      "padding on the left",
      [
        [0, 1, 1],
        [1, 0, 0],
        [1, 1, 1],
      ],
      ids,
      CallError,
      /text 0.*right/,
    ],
    [
      "an id beyond the vocabulary",
      mask,
      [
        [7, 50, 0],
        [9, 0, 0],
        [1, 2, 3],
      ],
      DataError,
      /text 0, position 1.*50/,
    ],
    [
      "a negative id",
      mask,
      [
        [7, 8, 0],
        [9, 0, 0],
        [1, -2, 3],
      ],
      DataError,
      /text 2, position 1.*-2/,
    ],
  ])("refuses %s", (_, someMask, someIds, kind, message) => {
    const run = () => packBatch(batch(someIds, someMask), limits);
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  it("refuses a text beyond the context, and says how long it may be", () => {
    const row = [1, 1, 1, 1, 1];
    const run = () => packBatch(batch([row], [row]), limits);
    expect(run).toThrow(DataError);
    expect(run).toThrow(/text 0.*at most 4 tokens, got 5/);
  });

  it("refuses shapes that do not fit and a batch of nothing", () => {
    const odd = { ...batch(ids, mask), shape: [3, 4] as [number, number] };
    expect(() => packBatch(odd, limits)).toThrow(CallError);
    const none = {
      inputIds: new Int32Array(0),
      attentionMask: new Uint8Array(0),
      shape: [0, 0] as [number, number],
    };
    expect(() => packBatch(none, limits)).toThrow(CallError);
  });
});
