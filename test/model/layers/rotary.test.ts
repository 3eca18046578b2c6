import { describe, expect, it } from "vitest";
import * as rotary from "../../../src/model/layers/rotary.ts";
import { backends } from "../../support/backends.ts";
import { dot, relativeError } from "../../support/distance.ts";
import { layerPass, randomArray } from "../../support/layerPass.ts";

describe.each(backends)("rotary embedding on $name", ({ create, tolerance }) => {
  const lengths = [3, 1, 4];
  const frequencies = Float64Array.of(1, 0.2, 0.01); // H = 3

  it("turns each pair of every head by its position times its frequency", async () => {
    const backend = create();
    const pass = layerPass(backend, { lengths });
    const x = randomArray(8 * 12, 1); // two heads of 6
    const [out] = rotary.forward(pass, rotary.rotaryLayer(frequencies), [backend.upload(x, [8, 12])]);
    const expected = new Float64Array(x.length);
    pass.packed.positions.forEach((t, r) => {
      for (const head of [0, 6]) {
        frequencies.forEach((theta, j) => {
          const at = r * 12 + head + j;
          // as complex numbers: (x + i·y)·e^{i·t·θ}
          const [size, angle] = [Math.hypot(x[at], x[at + 3]), Math.atan2(x[at + 3], x[at])];
          expected[at] = size * Math.cos(angle + t * theta);
          expected[at + 3] = size * Math.sin(angle + t * theta);
        });
      }
    });
    expect(relativeError(await backend.read(out), expected)).toBeLessThan(tolerance);
    backend.dispose();
  });

  it("vjp is the transpose of jvp, for stacked copies and several inputs", async () => {
    const backend = create();
    const pass = layerPass(backend, { lengths, copies: 2 });
    const layer = rotary.rotaryLayer(frequencies);
    const [v, u] = [randomArray(8 * 6, 2), randomArray(2 * 8 * 6, 3)];
    const [none, moved] = rotary.jvp(pass, layer, [null, backend.upload(v, [8, 6])]);
    expect(none).toBeNull();
    const J = await backend.read(moved!);
    const [d] = rotary.vjp(pass, layer, [backend.upload(u, [16, 6])]);
    const back = await backend.read(d);
    for (const c of [0, 1]) {
      const part = (a: ArrayLike<number>) => Array.from(a).slice(c * 48, (c + 1) * 48);
      expect(Math.abs(dot(part(back), v) - dot(part(u), J))).toBeLessThan(
        tolerance * Math.sqrt(dot(v, v) * dot(part(u), part(u))),
      );
    }
    backend.dispose();
  });
});
