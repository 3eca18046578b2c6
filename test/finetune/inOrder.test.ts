import { describe, expect, it } from "vitest";
import { inOrder } from "../../src/finetune/inOrder.ts";

const pause = (turns: number) => new Promise<void>((resolve) => setTimeout(resolve, 5 * turns));

describe("work taken in order", () => {
  it("comes in the order of the items, whichever ends first", async () => {
    const taken: number[] = [];
    const run = async (item: number) => {
      await pause(4 - item);
      return item;
    };
    for await (const result of inOrder([1, 2, 3], 3, run)) taken.push(result);
    expect(taken).toEqual([1, 2, 3]);
  });

  it("has at most `width` items under way", async () => {
    let now = 0;
    let most = 0;
    const run = async () => {
      most = Math.max(most, ++now);
      await pause(1);
      now--;
    };
    for await (const _ of inOrder([1, 2, 3, 4, 5], 2, run));
    expect(most).toBe(2);
  });

  it("throws the error of the first in order, waits for the others, and leaves no rejection unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    const ended: number[] = [];
    const run = async (item: number) => {
      await pause(4 - item);
      ended.push(item);
      throw new Error(`item ${item}`);
    };
    const all = async () => {
      for await (const _ of inOrder([1, 2, 3], 3, run));
    };
    await expect(all()).rejects.toThrow("item 1");
    expect(ended).toEqual([3, 2, 1]);
    await pause(1);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});
