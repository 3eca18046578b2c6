/** Long loops of short awaits starve the event loop: nothing else runs, and no abort arrives. This lets it run. */
const PATIENCE = 50; // milliseconds between pauses: rare enough to cost nothing, often enough to feel at once

/** A function to await in a loop: returns at once, or after a turn of the event loop when the last is long ago. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < PATIENCE) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
  };
}
