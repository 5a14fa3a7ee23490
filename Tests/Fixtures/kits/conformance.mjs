// The classes of Tests/Fixtures/handler-protocol/README.md, with the Node kit.
import fs from "node:fs";
import path from "node:path";
import { Cancelled, Dead, Discard, Retry, Snooze, job, serve } from "../../../Sources/Kits/node/martlet.mjs";

class ConformanceError extends Error {}

function outer(message) {
  innermost(message);
}

function innermost(message) {
  throw new ConformanceError(message);
}

const echo = (run, ...args) => run.push("Echoed", ...args);

async function wait(run, directory) {
  run.progress(undefined, "waiting");
  const limit = Date.now() + 60_000;
  while (!fs.existsSync(path.join(directory, "go"))) {
    await run.sleep(0.02);
    if (Date.now() > limit) throw new ConformanceError("nobody said go");
  }
}

job("Noop", () => {});
job("Echo", echo);
job("Conformance::Nested", echo);
job("Fail", async (run, message) => outer(message));
job("Dead", async (run, message) => { throw new Dead(message); });
job("Discard", async () => { throw new Discard(); });
job("Snooze", async (run, seconds) => { throw new Snooze(seconds); });

job("Retry", async (run, seconds, message) => {
  try {
    outer(message);
  } catch (cause) {
    throw new Retry(seconds, { cause });
  }
});

job("Push", (run, count) => {
  run.pushBulk("Child", [[0]], { queue: "low" });
  for (let i = 1; i < count; i++) run.push("Child", i);
});

job("PushLarge", (run, count, size) => {
  run.pushBulk("Child", Array.from({ length: count }, (_, i) => [i, "x".repeat(size)]));
});

job("PushThenFail", (run, message) => {
  run.push("Child", 0);
  outer(message);
});

job("Chunk", async (run, count) => {
  for (let i = run.checkpoint?.next ?? 0; i < count; i += 2) {
    await run.chunk([["Row", i], ["Row", i + 1]], { next: i + 2 });
  }
});

job("Progress", (run) => {
  run.progress(40, "page 4 of 10");
  run.progress(100);
});

job("Context", (run) => {
  run.push("Seen", {
    jid: run.jid,
    class: run.jobClass,
    queue: run.queue,
    attempt: run.attempt,
    checkpoint: run.checkpoint,
    in_time: run.remaining() > 0 && run.remaining() <= 60,
    extra: run.payload.extra ?? null,
    cancelled: run.cancelled,
  });
});

job("Length", (run, text) => run.push("Measured", text.length));

job("Log", (run, text) => {
  console.log(text);
  console.error(text);
  run.log.info("info", text);
  run.log.warn("warning", text);
});

job("Print", () => {
  console.log('{"done":1}');
  console.log('{"failed":1,"class":"X","message":"y"}');
});

job("Together", async (run, count, directory) => {
  fs.writeFileSync(path.join(directory, run.jid), "");
  const limit = Date.now() + 20_000;
  while (fs.readdirSync(directory).length < count) {
    if (Date.now() > limit) throw new ConformanceError(`there are only ${fs.readdirSync(directory).length}`);
    await run.sleep(0.01);
  }
});

job("Wait", wait);

job("Finish", async (run, directory) => {
  try {
    await wait(run, directory);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
  }
});

job("Each", async (run, count, directory) => {
  for await (const number of run.iterate([...Array(count).keys()])) {
    run.progress(number);
    for (let left = 6000; directory && !fs.existsSync(path.join(directory, "go")); left -= 1) {
      if (left === 0) throw new ConformanceError("nobody said go");
      await run.sleep(0.01);
    }
  }
});

job("EachFails", async (run, count, last) => {
  const from = function* (cursor) {
    for (let i = cursor ?? 0; i < count; i += 1) yield [i, i];
  };
  for await (const number of run.iterate(from)) {
    if (number === last) throw new ConformanceError(`element ${number}`);
  }
});

job("Crash", () => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
});

job("Speechless", () => {
  throw Object.defineProperty(new Error(), "message", { get() { throw new Error("no words"); } });
});

await serve();
