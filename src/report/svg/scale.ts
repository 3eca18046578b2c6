/** Scales: a value of the data → a place on the picture, with ticks at round values. NaN for what has no place. */
import { number, power } from "../format.ts";

export interface Tick {
  value: number;
  label: string;
}

export interface Scale {
  (value: number): number;
  ticks: Tick[];
  domain: [number, number];
}

type Span = [number, number];

function scale(domain: Span, range: Span, transform: (value: number) => number, ticks: Tick[]): Scale {
  const [from, to] = domain.map(transform);
  const perUnit = (range[1] - range[0]) / (to - from);
  const place = (value: number) => {
    const at = range[0] + (transform(value) - from) * perUnit;
    return Number.isFinite(at) ? at : Number.NaN;
  };
  return Object.assign(place, { ticks, domain });
}

/** 1, 2 or 5 times a power of ten, so that about `wanted` of it fill the span. */
function roundStep(span: number, wanted: number): number {
  const raw = span / wanted;
  const decade = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / decade;
  return decade * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

/** Sizes beyond which differences and powers of ten leave what a float64 can hold. */
const [SMALLEST, LARGEST] = [1e-300, 1e300];
const held = (value: number) => Math.min(Math.max(value, -LARGEST), LARGEST);

/** Linear, its ends moved out to the ticks. An empty or broken domain becomes one unit wide. */
export function linearScale(
  [low, high]: Span,
  range: Span,
  wanted = 5,
  label = (v: number) => number(v),
): Scale {
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1];
  [low, high] = [held(low), held(high)];
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= Math.max(1e-9 * size, SMALLEST)) {
    if (low > LARGEST / 2) [low, high] = [0, low];
    else high = low + (size > SMALLEST ? size : 1);
  }
  const step = roundStep(high - low, wanted);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => {
    const value = Number(((first + i) * step).toPrecision(12));
    return { value, label: label(value) };
  });
  return scale([ticks[0].value, ticks[ticks.length - 1].value], range, held, ticks);
}

/** Every k-th of a list, so that at most `most` are left, the first among them. */
function thin<T>(items: T[], most: number): T[] {
  const every = Math.ceil(items.length / most);
  return items.filter((_, i) => i % every === 0);
}

/** Logarithmic, a tick at each power of ten (in a short domain at 1 and 3, or 1, 2 and 5; at its ends in a shorter). What is ≤ 0 has no place. */
export function logScale([low, high]: Span, range: Span, most = 7): Scale {
  high = held(high);
  if (!(low > 0) || !Number.isFinite(low)) low = high > 0 ? high / 10 : 1;
  low = Math.min(Math.max(low, SMALLEST), LARGEST / 10);
  if (!(high > low * 1.001)) high = low * 10;
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const within = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const whole = decades.filter((k) => within(10 ** k));
  const ticks =
    whole.length > 2
      ? thin(whole, most).map((k) => ({ value: 10 ** k, label: power(k) }))
      : decades
          .flatMap((k) => (whole.length === 2 ? [1, 3] : [1, 2, 5]).map((lead) => lead * 10 ** k))
          .filter(within)
          .map((value) => ({ value, label: number(value) }));
  if (ticks.length === 0) ticks.push(...[low, high].map((value) => ({ value, label: number(value) })));
  return scale(
    [low, high],
    range,
    (v) => (v > 0 ? Math.log10(Math.max(held(v), SMALLEST)) : Number.NaN),
    ticks,
  );
}

/** Steps: log(1 + t), so that step 0 has its place and decades are still evenly apart. */
export function stepScale(max: number, range: Span, most = 8): Scale {
  const last = Number.isFinite(max) && max >= 1 ? max : 1;
  const values = [0, 1];
  for (let decade = 1; decade <= last; decade *= 10) {
    for (const lead of [3, 10]) if (lead * decade <= last) values.push(lead * decade);
  }
  const decades = values.filter((v) => v === 0 || Number.isInteger(Math.log10(v)));
  const kept = values.length <= most ? values : thin(decades, most);
  return scale(
    [0, last],
    range,
    (v) => (v >= 0 ? Math.log1p(v) : Number.NaN),
    kept.map((value) => ({ value, label: steps(value) })),
  );
}

/** 300, 1k, 30k, 10⁶: short enough for a tick. */
function steps(value: number): string {
  if (value < 1000) return String(value);
  return value < 1e6 ? `${value / 1000}k` : number(value, 1);
}
