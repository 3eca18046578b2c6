/** Numbers → words, the same in every runtime and locale. What is not finite is "—". */

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const superscript = (k: number) =>
  (k < 0 ? "⁻" : "") + [...String(Math.abs(k))].map((digit) => superscripts[Number(digit)]).join("");

/** 10ᵏ. */
export const power = (k: number) => (k === 0 ? "1" : k === 1 ? "10" : `10${superscript(k)}`);

const minus = (text: string) => text.replace("-", "−");

/** Three significant digits by default: 0.0334, 12.5, 4.1×10⁻¹⁵; whole numbers whole: 10,000. */
export function number(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "—";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) {
    const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(digits));
    return Math.abs(rounded) >= 1000 ? count(rounded) : minus(String(rounded));
  }
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return minus(`${Number(mantissa)}×${power(Number(exponent))}`);
}

/** A count with its thousands apart: 3,412,480. */
export function count(value: number): string {
  return Number.isFinite(value) ? minus(String(Math.round(value))).replace(/\B(?=(\d{3})+$)/g, ",") : "—";
}

/** "1 step", "85 steps". */
export function plural(value: number, noun: string): string {
  const several = /[sx]$/.test(noun) ? `${noun}es` : `${noun}s`;
  return `${count(value)} ${value === 1 ? noun : several}`;
}

/** "1 epoch", "3.4 epochs". */
export const epochs = (value: number) => `${number(value)} ${value === 1 ? "epoch" : "epochs"}`;

/** "81 %"; near the ends "0.4 %" and "99.6 %": only nothing is 0 % and only all is 100 %. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  if (!Number.isFinite(value)) return "—";
  if (value > 0 && value < 1) return `${number(value, 1)} %`;
  if (value > 99 && value < 100) return `${Math.floor(value * 10) / 10} %`;
  return `${minus(String(Math.round(value)))} %`;
}
