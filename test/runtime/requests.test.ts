/** Both ends of a line, joined by a worker that is no thread: messages are cloned and handed over when told to. */
import { expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { type Line, openLine, serve, type WorkerHandle, type WorkerPort } from "../../src/runtime/index.ts";

interface Joined {
  line: Line;
  /** What keepAlive was told, in order. */
  alive: boolean[];
  deaths: string[];
  die(why: string): void;
  ended(): boolean;
}

function join(answer: (request: unknown) => unknown, moved?: (result: unknown) => Transferable[]): Joined {
  let hear: (message: unknown) => void = () => {};
  let tell: (message: unknown) => void = () => {};
  let die: (why: string) => void = () => {};
  let ended = false;
  const alive: boolean[] = [];
  const deaths: string[] = [];
  const port: WorkerPort = {
    post: (message, transfer) => tell(structuredClone(message, { transfer })),
    onMessage: (listener) => {
      hear = listener;
    },
  };
  const handle: WorkerHandle = {
    post: (message, transfer) => hear(structuredClone(message, { transfer })),
    onMessage: (listener) => {
      tell = listener;
    },
    onError: (listener) => {
      die = listener;
    },
    keepAlive: (wanted) => alive.push(wanted),
    terminate: async () => {
      ended = true;
    },
  };
  serve(port, answer, moved);
  const line = openLine(handle, (why) => deaths.push(why));
  return { line, alive, deaths, die: (why) => die(why), ended: () => ended };
}

it("gives each request its own answer, whichever comes first", async () => {
  const waiting: (() => void)[] = [];
  const { line } = join(
    (request) => new Promise((resolve) => waiting.push(() => resolve([request, "answered"]))),
  );
  const [first, second] = [line.ask("a"), line.ask("b")];
  waiting[1]();
  expect(await second).toEqual(["b", "answered"]);
  waiting[0]();
  expect(await first).toEqual(["a", "answered"]);
});

it("moves what is named, both ways", async () => {
  const { line } = join(
    (request) => (request as Float64Array).map((x) => 2 * x),
    (result) => [(result as Float64Array).buffer as ArrayBuffer],
  );
  const values = Float64Array.of(1, 2);
  const answer = line.ask(values, [values.buffer]);
  expect(values.length).toBe(0);
  expect(await answer).toEqual(Float64Array.of(2, 4));
});

it("keeps class and words of errors", async () => {
  const errors = [
    new CallError("wrong call"),
    new DataError("bad data"),
    new RangeError("too far"),
    "a string",
  ];
  const { line } = join((request) => {
    throw errors[request as number];
  });
  await expect(line.ask(0)).rejects.toBeInstanceOf(CallError);
  await expect(line.ask(1)).rejects.toBeInstanceOf(DataError);
  await expect(line.ask(1)).rejects.toThrow("bad data");
  await expect(line.ask(2)).rejects.toMatchObject({ name: "RangeError", message: "too far" });
  await expect(line.ask(3)).rejects.toThrow("a string");
});

it("keeps the process alive only while an answer is owed", async () => {
  const { line, alive } = join((request) => request);
  await Promise.all([line.ask(1), line.ask(2)]);
  expect(alive).toEqual([true, false]);
  await line.ask(3);
  expect(alive).toEqual([true, false, true, false]);
});

it("passes a death on, and once failed rejects what is owed and what is asked later", async () => {
  const { line, deaths, die, ended } = join(() => new Promise(() => {}));
  const owed = line.ask("forever");
  die("out of breath");
  expect(deaths).toEqual(["out of breath"]);
  line.fail(new Error("dead"));
  line.fail(new Error("dead twice"));
  await expect(owed).rejects.toThrow(/^dead$/);
  await expect(line.ask("more")).rejects.toThrow(/^dead$/);
  await line.terminate();
  expect(ended()).toBe(true);
});
