/** Work that runs at once and is taken in order: at most `width` items are under way or wait to be taken. */

/**
 * Results of `run` in the order of the items. Where one rejects, or the receiver leaves, the others are waited for before the error
 * goes on: nothing is under way any more after that.
 */
export async function* inOrder<I, R>(
  items: readonly I[],
  width: number,
  run: (item: I) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const under: Promise<R>[] = [];
  let next = 0;
  const fill = () => {
    while (next < items.length && under.length < width) {
      const result = run(items[next++]);
      // One that rejects before its turn has a listener, or the runtime would call it unhandled; its error is thrown in its turn.
      result.catch(() => {});
      under.push(result);
    }
  };
  try {
    for (fill(); under.length > 0; fill()) {
      const result = await under[0];
      under.shift();
      fill();
      yield result;
    }
  } finally {
    await Promise.allSettled(under);
  }
}
