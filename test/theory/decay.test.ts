import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { fitDecay } from "../../src/theory/index.ts";
import { sobolevValues } from "./kernels.ts";

const make = (n: number, f: (j: number) => number) => Float64Array.from({ length: n }, (_, i) => f(i + 1));

describe("decay", () => {
  it("of pure powers, with the rate in n they imply", () => {
    for (const [a, rate] of [
      [1.5, "n^(-0.60)"],
      [2, "n^(-0.67)"],
      [3, "n^(-0.75)"],
    ] as const) {
      const fit = fitDecay(make(120, (j) => 7 * j ** -a));
      expect(fit.model).toBe("polynomial");
      expect(fit.exponent).toBeCloseTo(a, 9);
      expect(fit.rate_in_n).toBe(rate);
    }
    expect(fitDecay(make(120, (j) => j ** -0.7)).rate_in_n).toMatch(/too slowly/);
  });

  it("of the Sobolev kernel: 2, and 2 in the interval for a noisy power", () => {
    const fit = fitDecay(sobolevValues(400));
    expect(fit.model).toBe("polynomial");
    expect(Math.abs(fit.exponent - 2)).toBeLessThan(0.1);
    let covered = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { gaussian } = randomStream(seed);
      const noisy = fitDecay(
        make(200, (j) => j ** -2 * Math.exp(0.1 * gaussian())),
        { seed },
      );
      expect(noisy.model).toBe("polynomial");
      if (noisy.interval[0] <= 2 && 2 <= noisy.interval[1]) covered++;
    }
    // sorting noisy eigenvalues bends the fit a little: well over half is what to ask of a 95 % interval here
    expect(covered).toBeGreaterThanOrEqual(14);
  });

  it("of exponentials, down into round-off", () => {
    for (const rate of [0.2, 0.7]) {
      const fit = fitDecay(make(150, (j) => 3 * Math.exp(-rate * j) + 1e-17));
      expect(fit.model).toBe("exponential");
      expect(fit.exponent).toBeCloseTo(rate, 2);
      expect(fit.rate_in_n).toBe("log(n)/n");
    }
  });

  it("of finite rank, flat or falling, with round-off of either sign behind it", () => {
    for (const m of [1, 2, 5, 20, 39]) {
      const { gaussian } = randomStream(m);
      const fit = fitDecay(make(60, (j) => (j <= m ? 5 / Math.sqrt(j) : 1e-16 * gaussian())));
      expect(fit).toMatchObject({ model: "finite-rank", exponent: m, interval: [m, m], rate_in_n: `${m}/n` });
    }
  });

  it("of a few strong directions over a flat floor", () => {
    const fit = fitDecay(make(60, (j) => (j <= 8 ? 100 : 1)));
    expect(fit).toMatchObject({ model: "finite-rank", exponent: 8 });
  });

  it("same seed, same interval; the picture lies on the window", () => {
    const values = make(90, (j) => j ** -2 * (1 + 0.2 * Math.sin(j * j)));
    expect(fitDecay(values, { seed: 3 })).toEqual(fitDecay(values, { seed: 3 }));
    const { fit, interval, exponent, bic } = fitDecay(values, { seed: 3 });
    expect(fit.index.length).toBe(fit.value.length);
    expect(Math.min(...fit.index)).toBeGreaterThan(1);
    expect(interval[0]).toBeLessThan(exponent);
    expect(interval[1]).toBeGreaterThan(exponent);
    expect(bic.polynomial).toBeLessThan(bic.exponential);
  });

  it("of many: the interval of every k-th value, narrower by √k, is that of all", () => {
    // windows of 1000 and of 16 000, the same noise, small beside the gaps so that sorting does not smooth it
    const width = (n: number) => {
      const { gaussian } = randomStream(7);
      const noisy = make(n, (j) => j ** -2).map((value) => value * Math.exp(1e-5 * gaussian()));
      const { interval, exponent } = fitDecay(noisy, { seed: 1 });
      expect(interval[0]).toBeLessThan(exponent);
      expect(interval[1]).toBeGreaterThan(exponent);
      return interval[1] - interval[0];
    };
    expect(width(3000) / width(48000)).toBeGreaterThan(0.75 * 4);
    expect(width(3000) / width(48000)).toBeLessThan(1.35 * 4);
  });

  it("of one eigenvalue, and of none", () => {
    expect(fitDecay([2])).toMatchObject({ model: "finite-rank", exponent: 1 });
    expect(fitDecay([1, 2, 3])).toMatchObject({ model: "finite-rank", exponent: 3 });
    expect(() => fitDecay([0, -1])).toThrow(/positive eigenvalue/);
  });
});
