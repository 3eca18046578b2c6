import { describe, expect, it } from "vitest";
import type { DeviceTensor } from "../../src/numerics/backend.ts";
import { createDeviceScopes, tensorsIn } from "../../src/numerics/deviceScope.ts";

function setup() {
  const freed: number[] = [];
  const scopes = createDeviceScopes<DeviceTensor>((tensor) => freed.push(tensor.size));
  const make = (size: number) => scopes.track({ shape: [size], size, dtype: "float" });
  return { scopes, freed, make };
}

describe("scope", () => {
  it("frees what was made inside, except what is reachable from the result", () => {
    const { scopes, freed, make } = setup();
    const outside = make(1);
    const result = scopes.scope(() => {
      const [a, b, c] = [make(2), make(3), make(4)];
      make(5);
      return { a, deep: [{ b }, null, "text", 7], twice: [a, b], other: new Map([["c", c]]) };
    });
    expect(freed.sort()).toEqual([4, 5]); // a Map is no plain object
    expect(scopes.count()).toBe(3);
    scopes.own("test", outside);
    scopes.own("test", result.a);
  });

  it("hands what leaves an inner scope to the outer one", () => {
    const { scopes, freed, make } = setup();
    const kept = scopes.scope(() => {
      const first = scopes.scope(() => make(1));
      const second = scopes.scope(() => [make(2), make(3)]);
      expect(freed).toEqual([]);
      return [first, second[1]];
    });
    expect(freed).toEqual([2]);
    expect(kept.map((tensor) => tensor.size)).toEqual([1, 3]);
    expect(scopes.count()).toBe(2);
  });

  it("frees everything made inside where the body throws, and the outer scope goes on", () => {
    const { scopes, freed, make } = setup();
    const kept = scopes.scope(() => {
      const before = make(1);
      expect(() =>
        scopes.scope(() => {
          make(2);
          throw new Error("broken");
        }),
      ).toThrow("broken");
      expect(freed).toEqual([2]);
      return before;
    });
    expect(scopes.own("test", kept)).toBe(kept);
  });

  it("does not free again what was released inside", () => {
    const { scopes, freed, make } = setup();
    scopes.scope(() => scopes.release(make(1)));
    expect(freed).toEqual([1]);
  });

  it("may release what was made outside", () => {
    const { scopes, freed, make } = setup();
    const outer = scopes.scope(() => {
      const tensor = make(1);
      scopes.scope(() => scopes.release(tensor));
      return 0;
    });
    expect([outer, freed]).toEqual([0, [1]]);
  });

  it("refuses a promise, which would outlive it", async () => {
    const { scopes, make } = setup();
    let inner: Promise<void> | undefined;
    const run = () =>
      scopes.scope(() => {
        make(1);
        inner = Promise.resolve();
        return inner;
      });
    expect(run).toThrow(/promise/);
    await inner;
    expect(scopes.count()).toBe(0);
  });
});

describe("release", () => {
  it("frees every tensor of a value once, and refuses a second time", () => {
    const { scopes, freed, make } = setup();
    const [a, b] = [make(1), make(2)];
    const value = { a, again: [a, { b }] };
    scopes.release(value);
    expect(freed.sort()).toEqual([1, 2]);
    expect(() => scopes.release(a)).toThrow(/freed before/);
    expect(() => scopes.release([make(3), b])).toThrow(/freed before/);
    expect(scopes.count()).toBe(1); // a refused release frees nothing
  });

  it("takes a value that contains itself", () => {
    const { scopes, freed, make } = setup();
    const ring: Record<string, unknown> = { tensor: make(1) };
    ring["self"] = ring;
    scopes.release(ring);
    expect(freed).toEqual([1]);
  });
});

it("own tells a freed tensor from a foreign one", () => {
  const { scopes, make } = setup();
  const tensor = make(1);
  expect(scopes.own("add", tensor)).toBe(tensor);
  scopes.release(tensor);
  expect(() => scopes.own("add", tensor)).toThrow(/add.*freed/);
  expect(() => scopes.own("add", setup().make(1))).toThrow(/add.*did not make/);
});

it("dispose frees all and ends all", () => {
  const { scopes, freed, make } = setup();
  make(1);
  scopes.scope(() => make(2));
  scopes.dispose();
  expect(freed.sort()).toEqual([1, 2]);
  expect(() => make(3)).toThrow(/disposed/);
  expect(() => scopes.scope(() => 0)).toThrow(/disposed/);
});

it("tensorsIn finds tensors by their look", () => {
  const { make } = setup();
  const [a, b] = [make(1), make(2)];
  expect(
    [...tensorsIn({ a, list: [b, a], data: new Float64Array(3), no: null })].map((t) => t.size).sort(),
  ).toEqual([1, 2]);
});
