// Martlet's kit for handlers in Node, 18 or newer. One file without dependencies: copy it beside your jobs.
//
//   import { job, serve, Snooze } from "./martlet.mjs";
//
//   job("ReportJob", async (run, user, format) => {
//     run.progress(50, "half of it");         // also: jid, attempt, isLast, deadline, remaining(), checkpoint, signal, log
//     run.push("MailJob", user);              // a child: pushed together with the end of this run, or not at all
//     if (busy()) throw new Snooze(30);       // again in 30 s; also Dead and Discard
//   });
//
//   await serve();
//
// `node martlet.mjs FILE...` loads such files and serves too, without their last line. The same file works in the modes
// spawn and serve, with any number of threads: that many async functions are under way. All times are in seconds.

import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath, pathToFileURL } from "node:url";
import util from "node:util";

const longestLine = 1 << 20;
const longestCursor = 64 << 10;

// Copies of this file in one process share what they know.
const shared = (globalThis[Symbol.for("martlet.kit")] ??= {
  jobs: new Map(), // name of a class -> function
  runs: new Map(), // number -> Run
  context: new AsyncLocalStorage(),
});

// Throw these in a job. Any other error fails it, and Martlet tries it again by the job's own rules.
export class Dead extends Error {} // no retry would help: new Dead("no such user", { cause })
export class Discard extends Error {} // drop the job
export class Snooze extends Error { // run it again later; costs no retry
  constructor(seconds) {
    if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= 1e9)) {
      throw new TypeError(`a snooze takes 0 to 1e9 seconds, not ${util.inspect(seconds)}`);
    }
    super(`again in ${seconds} s`);
    this.seconds = seconds;
  }
}
export class Retry extends Error { // failed, and again in so many seconds rather than by the job's rules: new Retry(30, { cause })
  constructor(seconds, options) {
    if (typeof seconds !== "number" || !(seconds > 0 && seconds <= 1e9)) {
      throw new TypeError(`a retry takes above 0 to 1e9 seconds, not ${util.inspect(seconds)}`);
    }
    super(`again in ${seconds} s`, options);
    this.seconds = seconds;
  }
}
export class Cancelled extends Error {} // what run.check() throws, and the reason of run.signal
export class Interrupted extends Error {} // what run.iterate() throws: the job goes on later, before its next element
export class IterationCancelled extends Error {} // what it throws when no more elements are wanted: the job is done with that
class NoHandler extends Error {}
for (const kind of [Dead, Discard, Retry, Snooze, Cancelled, Interrupted, IterationCancelled, NoHandler]) {
  kind.prototype.name = kind.name;
}

/** Makes a function the job of a class: job("Reports::Daily", async (run, ...args) => {}). */
export function job(name, perform) {
  if (typeof perform !== "function") throw new TypeError(`the job ${name} is no function`);
  shared.jobs.set(name, perform);
}

/** The run that this code belongs to; undefined outside of one. */
export function current() {
  return shared.context.getStore();
}

/** A job as it lies in Redis, but for its `at`. Options are its members, such as queue and retry; `in` and `at`: when. */
function draft(name, args, { in: seconds, at, ...options } = {}) {
  if (typeof name !== "string" || name === "") throw new TypeError("a job needs the name of a class");
  if (!Array.isArray(args)) throw new TypeError(`the arguments of ${name} are no list`);
  const now = Date.now();
  const due = at instanceof Date ? at / 1000 : (at ?? (seconds === undefined ? undefined : now / 1000 + seconds));
  const jid = options.jid ?? randomBytes(12).toString("hex");
  const made = { retry: true, queue: "default", ...options, class: name, args, jid, created_at: now };
  if (due !== undefined && !Number.isFinite(due)) throw new TypeError(`${name}: no such time: ${at ?? seconds}`);
  return due > now / 1000 ? { ...made, at: due } : made;
}

/** One run of a job. */
export class Run {
  #channel;
  #number;
  #abort = new AbortController();
  #iteration;

  constructor(channel, number, payload, { attempt = 1, last, deadline, checkpoint = null, queue, jobClass } = {}) {
    this.#channel = channel;
    this.#number = number;
    this.payload = payload;
    this.args = payload.args ?? [];
    this.jid = payload.jid;
    this.jobClass = jobClass ?? payload.wrapped ?? payload.class;
    this.queue = queue ?? payload.queue ?? "default";
    this.attempt = Number(attempt);
    this.isLast = Boolean(last); // no retry is left if it fails
    this.deadline = deadline === undefined ? undefined : new Date(Number(deadline));
    this.checkpoint = checkpoint;
    this.log = logger(this);
  }

  get number() {
    return this.#number;
  }

  /** Aborts when the run is to be given up: fetch(url, { signal: run.signal }). */
  get signal() {
    return this.#abort.signal;
  }

  get cancelled() {
    return this.signal.aborted;
  }

  /** For loops: throws once the run is to be given up. */
  check() {
    this.signal.throwIfAborted();
  }

  cancel(reason = "the run was cancelled") {
    this.#abort.abort(new Cancelled(reason));
  }

  /** Seconds until the deadline; Infinity if there is none. */
  remaining() {
    return this.deadline ? (this.deadline - Date.now()) / 1000 : Infinity;
  }

  /** Sleeps, but checks. */
  async sleep(seconds) {
    this.check();
    await new Promise((resolve) => {
      const end = () => { clearTimeout(timer); this.signal.removeEventListener("abort", end); resolve(); };
      const timer = setTimeout(end, seconds * 1000);
      this.signal.addEventListener("abort", end);
    });
    this.check();
  }

  progress(percent, note) {
    const message = { progress: this.#number };
    if (percent != null && !Number.isFinite(percent)) throw new TypeError(`percent is no number: ${util.inspect(percent)}`);
    if (percent != null) message.percent = percent;
    if (note != null) message.note = String(note).slice(0, 1000);
    this.#channel.write(JSON.stringify(message));
  }

  /**
   * Goes through elements one by one, of which each run does as many as it comes to; later ones go on from there. items: an
   * array or another iterable, the same in each run; or a function that gets a cursor (null at first) and gives pairs
   * [element, cursor with which it would begin there]. A cursor is any JSON value. Once in a run; needs mode serve.
   */
  async *iterate(items) {
    if (this.#iteration) throw new Error("a run iterates once");
    if (this.#number === true) throw new Error("a job that iterates needs mode serve");
    const iteration = (this.#iteration = new Iteration(this, this.#channel));
    await iteration.begin();
    const pairs = typeof items === "function" ? await items(iteration.cursor) : indexed(items, iteration.cursor ?? 0);
    for await (const [item, cursor] of pairs) {
      await iteration.come(cursor);
      yield item;
    }
  }

  /** Of a run that iterates. */
  get iteration() {
    return this.#iteration;
  }

  /** Runs that have iterated so far, this one included; undefined before iterate(). */
  get executions() {
    return this.#iteration?.executions;
  }

  /** Pushes a child, which is enqueued together with this job's end; gives its jid. */
  push(name, ...args) {
    return this.pushBulk(name, [args])[0];
  }

  /** A child for each list of arguments. Options: { queue, retry, in: seconds, at: Date, … }. */
  pushBulk(name, rows, options) {
    const jobs = rows.map((args) => draft(name, args, options));
    this.#iteration?.tell(); // what is pushed from here on belongs to this element
    let texts = [];
    let size = 0;
    const send = () => this.#channel.write(`{"push":${this.#number},"jobs":[${texts.join()}]}`);
    for (const text of jobs.map((job) => JSON.stringify(job))) {
      if (texts.length > 0 && size + text.length > longestLine / 8) {
        send();
        texts = [];
        size = 0;
      }
      texts.push(text);
      size += text.length;
    }
    if (texts.length > 0) send();
    return jobs.map((job) => job.jid);
  }

  /**
   * Has these jobs, [class, ...args] or objects, enqueued now, in one step with the checkpoint that the next run gets if
   * this one is interrupted. Await it: it waits while Martlet does not read.
   */
  async chunk(jobs, checkpoint) {
    const list = jobs.map((job) => (Array.isArray(job) ? draft(job[0], job.slice(1)) : job));
    this.#iteration?.tell();
    await this.#channel.write(JSON.stringify({ push: this.#number, jobs: list, checkpoint }));
  }
}

/** The elements of an array or another iterable from this index on, each with its index. */
async function* indexed(items, first) {
  if (Array.isArray(items)) {
    for (let index = first; index < items.length; index += 1) yield [items[index], index];
    return;
  }
  let index = 0;
  for await (const item of items) {
    if (index >= first) yield [item, index];
    index += 1;
  }
}

/** How far a run has come that goes through elements, and what Martlet wants of it. */
class Iteration {
  #run;
  #channel;
  #hear;
  #wantsStop = false;
  #cancelledAt; // seconds since 1970
  #text; // of the cursor that came last, as JSON
  #isTold = true;
  #toldAt = -Infinity;
  #heardAt = Date.now();

  constructor(run, channel) {
    this.#run = run;
    this.#channel = channel;
    this.cursor = null;
    this.hasStopped = false;
  }

  async begin() {
    const told = new Promise((resolve) => (this.#hear = resolve));
    this.#channel.write(JSON.stringify({ iterate: this.#run.number }));
    await told;
    if (this.#cancelledAt !== undefined) throw new IterationCancelled("the iteration was cancelled");
  }

  hear(message) {
    this.#cancelledAt ??= message.cancelled;
    if (message.interrupt !== undefined) {
      this.#wantsStop = true;
    } else {
      this.cursor = message.cursor ?? null;
      this.executions = message.executions ?? 1;
      this.#hear();
    }
  }

  /** The element of this cursor is next: tells Martlet now and then, and stops here if it is to. */
  async come(cursor) {
    const text = JSON.stringify(cursor ?? null);
    const size = Buffer.byteLength(text);
    if (size > longestCursor) throw new RangeError(`a cursor of ${size} bytes; Martlet takes ${longestCursor}`);
    this.#text = text;
    this.#isTold = false;
    this.cursor = cursor;
    if (Date.now() - this.#heardAt > 20) {
      await new Promise(setImmediate); // elements that never wait would keep lines from being read
      this.#heardAt = Date.now();
    }
    this.#run.check();
    if (this.#cancelledAt !== undefined) throw new IterationCancelled("the iteration was cancelled");
    if (this.#wantsStop) {
      this.hasStopped = true;
      throw new Interrupted(`before the element ${text.slice(0, 100)}`);
    }
    if (Date.now() - this.#toldAt >= 1000) this.tell();
  }

  tell() {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#toldAt = Date.now();
    this.#channel.write(`{"iterate":${this.#run.number},"cursor":${this.#text}}`);
  }

  interrupted() {
    return { interrupted: this.#run.number, cursor: JSON.parse(this.#text) };
  }
}

/** Writes lines with a level that Martlet reads, and with the jid where Martlet cannot know it. */
function logger(run) {
  const write = (level) => (...words) => {
    const jid = shared.runs.size > 1 ? `jid=${run.jid} ` : "";
    process.stdout.write(util.format(...words).split("\n").map((line) => `<${level}>${jid}${line}\n`).join(""));
  };
  return { debug: write(7), info: write(6), warn: write(4), error: write(3) };
}

/** Lines to Martlet, in order and whole. What it does not read waits here, and `write` with it. */
class Channel {
  #stream;
  #drained;

  constructor(stream) {
    this.#stream = stream;
    stream.on("error", () => process.exit(0)); // nobody listens any more
  }

  write(text) {
    const size = Buffer.byteLength(text);
    if (size >= longestLine) throw new RangeError(`${size} bytes for Martlet, which takes 1 MiB`);
    if (this.#stream.write(text + "\n")) return undefined;
    this.#drained ??= new Promise((resolve) => this.#stream.once("drain", resolve)).then(() => (this.#drained = undefined));
    return this.#drained;
  }

  /** Ends the process when all is written. */
  exit(status) {
    this.#stream.write("", () => process.exit(status));
  }
}

/** Opened anew where that is allowed: the programs that a job starts do not inherit it then. */
function openPipe(descriptor, mode) {
  let mine = descriptor;
  try {
    mine = fs.openSync(`/proc/self/fd/${descriptor}`, mode);
    fs.closeSync(descriptor);
  } catch {
    // It belongs to another user, or is a socket.
  }
  return new net.Socket({ fd: mine, readable: mode === "r", writable: mode === "w" });
}

/** The members of `failed` and `dead`: of what made it dead, if there is that. Frames of Node and of this file are left out. */
function describe(error) {
  const source = ((error instanceof Dead || error instanceof Retry) && error.cause) || error;
  if (!(source instanceof Error)) return { class: "Error", message: util.format(source).slice(0, 10_000), backtrace: [] };
  const backtrace = [...String(source.stack).matchAll(/^ +at (?:async )?(?:(.*) \()?(.+?)\)?$/gm)]
    .filter(([, , place]) => !/^(node:|<anonymous>$)/.test(place) && !place.startsWith(import.meta.url))
    .map(([, name, place]) => place.replace(/^file:\/\//, "") + (name ? ` in ${name}` : ""));
  return {
    class: String((source.name === "Error" ? source.constructor.name : source.name) || "Error").slice(0, 500),
    message: String((error instanceof Retry ? source : error).message || source.message).slice(0, 10_000),
    backtrace: backtrace.slice(0, 100).map((line) => line.slice(0, 1000)),
  };
}

/** Does a job, and gives the line that answers it. */
async function perform(run) {
  const answer = await outcome(run);
  if (answer.done === undefined && answer.interrupted === undefined) run.iteration?.tell();
  return answer;
}

async function outcome(run) {
  const { number } = run;
  try {
    const work = shared.jobs.get(run.jobClass);
    const names = [...shared.jobs.keys()].sort();
    if (!work) throw new NoHandler(`no job ${run.jobClass} here; there are: ${names.join(", ")}`);
    await shared.context.run(run, () => work(run, ...run.args));
    // If it has stopped, somebody has caught what should have ended the job.
    return run.iteration?.hasStopped ? run.iteration.interrupted() : { done: number };
  } catch (error) {
    try {
      if (error instanceof Interrupted && run.iteration?.hasStopped) return run.iteration.interrupted();
      if (error instanceof IterationCancelled) return { done: number };
      if (error instanceof Discard) return { discard: number };
      if (error instanceof Snooze) return { snooze: number, seconds: error.seconds };
      if (error instanceof Retry) return { failed: number, ...describe(error), retry_in: error.seconds };
      return { [error instanceof Dead ? "dead" : "failed"]: number, ...describe(error) };
    } catch {
      return { failed: number, class: "Error", message: "what the job threw cannot say what it is" };
    }
  }
}

/** Does what Martlet asks for, in the mode in which it started this process. Does not come back. */
export function serve() {
  shared.serving ??= process.env.MARTLET_IN ? serveLines() : performOnce();
  return shared.serving;
}

function serveLines() {
  const { runs } = shared;
  const input = openPipe(Number(process.env.MARTLET_IN), "r");
  const channel = new Channel(openPipe(Number(process.env.MARTLET_OUT), "w"));
  let isQuiet = false;
  const leave = () => isQuiet && runs.size === 0 && channel.exit(0);

  const start = async (run) => {
    runs.set(run.number, run);
    const answer = await perform(run);
    runs.delete(run.number);
    channel.write(JSON.stringify(answer));
    leave();
  };
  const hear = (line) => {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return; // not of this version
    }
    if (message?.run !== undefined) start(new Run(channel, message.run, message.job, message));
    else if (message?.iterate !== undefined) runs.get(message.iterate)?.iteration?.hear(message);
    else if (message?.interrupt !== undefined) runs.get(message.interrupt)?.iteration?.hear(message);
    else if (message?.cancel !== undefined) runs.get(message.cancel)?.cancel();
    else if (message?.quiet) leave((isQuiet = true));
  };
  onTerm(() => leave((isQuiet = true)));
  // The pieces of a line are joined once, at its end.
  let pieces = [];
  input.setEncoding("utf8");
  input.on("data", (text) => {
    const lines = text.split("\n");
    if (lines.length > 1) {
      lines[0] = pieces.join("") + lines[0];
      pieces = [];
    }
    pieces.push(lines.pop());
    lines.forEach(hear);
  });
  input.on("end", () => process.exit(0)); // end now, also when jobs run
  input.on("error", () => process.exit(0));
  channel.write('{"ready":true}');
  return new Promise(() => {});
}

/** SIGTERM: the time of a run is up, or it did not heed its cancelling. SIGKILL follows. */
function onTerm(then) {
  process.on("SIGTERM", () => {
    const runs = [...shared.runs.values()];
    const overdue = runs.filter((run) => run.cancelled || run.remaining() <= 0);
    for (const run of overdue.length > 0 ? overdue : runs) run.cancel("the run was ended by SIGTERM");
    then();
  });
}

/** One job, from standard input; its verdict by descriptor 4 and the exit status. */
async function performOnce() {
  if (isatty(0)) throw new Error(`Martlet starts this. By hand: echo '{"class":"X","args":[]}' | node FILE`);
  const { env } = process;
  const chunks = await process.stdin.toArray();
  const payload = JSON.parse(Buffer.concat(chunks).toString());
  // By hand what would go to Martlet is shown; descriptor 4 is one of Node's own then.
  const channel = new Channel(env.MARTLET_PROTOCOL ? openPipe(4, "w") : process.stderr);
  const run = new Run(channel, true, payload, {
    attempt: env.MARTLET_ATTEMPT,
    last: env.MARTLET_LAST,
    deadline: env.MARTLET_DEADLINE,
    queue: env.MARTLET_QUEUE,
    jobClass: env.MARTLET_CLASS,
    checkpoint: env.MARTLET_CHECKPOINT ? JSON.parse(env.MARTLET_CHECKPOINT) : null,
  });
  shared.runs.set(true, run);
  onTerm(() => {});
  const answer = await perform(run);
  channel.write(JSON.stringify(answer)); // done, too: a status of 0 alone may be how a program answers SIGTERM
  channel.exit(answer.failed ? 1 : answer.dead ? 65 : 0);
}

/**
 * Pushes to Redis in Sidekiq's format: redis://[user:password@]host[:port][/db], rediss://, unix:///path[?db=1].
 * options: { timeout: 5, tls: { ca, … } }. One connection, opened when it is needed.
 */
export class Client {
  #url;
  #options;
  #connecting; // the promise of the connection, while there is one

  constructor(url = process.env.MARTLET_REDIS || process.env.REDIS_URL || "redis://127.0.0.1:6379/0", options = {}) {
    this.#url = new URL(url);
    this.#options = { timeout: 5, ...options };
    if (this.#url.username && !this.#url.password) throw new TypeError("a user in the URL of Redis needs a password");
  }

  /** Gives the jid. */
  async push(name, ...args) {
    return (await this.pushBulk(name, [args]))[0];
  }

  /** A job for each list of arguments. Options: { queue, retry, in: seconds, at: Date, … }. Gives the jids. */
  async pushBulk(name, rows, options) {
    const jobs = rows.map((args) => draft(name, args, options));
    for (let first = 0; first < jobs.length; first += 1000) {
      const some = jobs.slice(first, first + 1000);
      const { queue, at } = some[0];
      const enqueued_at = at ? undefined : Date.now();
      const texts = some.map((job) => JSON.stringify({ ...job, at: undefined, enqueued_at }));
      const soon = [["SADD", "queues", queue], ["LPUSH", `queue:${queue}`, ...texts]];
      await this.#pipeline(at ? [["ZADD", "schedule", ...texts.flatMap((text) => [at, text])]] : soon);
    }
    return jobs.map((job) => job.jid);
  }

  /** A job that is due at a Date, or in so many seconds. */
  async schedule(when, name, ...args) {
    return (await this.pushBulk(name, [args], when instanceof Date ? { at: when } : { in: when }))[0];
  }

  /** A command of Redis: client.call("LLEN", "queue:default"); no transactions and no subscriptions. */
  async call(...command) {
    if (lasting.has(String(command[0]).toUpperCase())) throw new TypeError(`${command[0]}: the connection is shared`);
    return (await this.#pipeline([command]))[0];
  }

  close() {
    this.#connecting?.then((connection) => connection.close(), () => {});
    this.#connecting = undefined;
  }

  /** A connection that is lost, or leads to a replica, is opened anew once; so in a rare case a push happens twice. */
  async #pipeline(commands, again = true) {
    const connecting = (this.#connecting ??= this.#connect());
    let connection;
    try {
      connection = await connecting;
      return await connection.send(commands);
    } catch (error) {
      const isRefused = error instanceof Refused && !/READONLY|NOREPLICAS|UNBLOCKED/.test(error.message);
      if (isRefused && connection) throw error;
      if (this.#connecting === connecting) this.close();
      if (!again || error.isTimeout || isRefused) throw error;
      return this.#pipeline(commands, false);
    }
  }

  async #connect() {
    const { protocol, hostname, port, pathname, searchParams, username, password } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, "") || "127.0.0.1";
    const place = { host, port: Number(port || 6379), noDelay: true };
    const name = net.isIP(host) ? undefined : host;
    let socket;
    if (protocol === "unix:") socket = net.connect({ path: decodeURIComponent(pathname) });
    else if (protocol === "redis:") socket = net.connect(place);
    else socket = (await import("node:tls")).connect({ ...place, servername: name, ...this.#options.tls });
    const connection = new Connection(socket, this.#options.timeout);
    const words = [username, password].filter(Boolean).map(decodeURIComponent);
    const database = protocol === "unix:" ? searchParams.get("db") : pathname.slice(1);
    const greetings = words.length > 0 ? [["AUTH", ...words]] : [];
    if (Number(database) > 0) greetings.push(["SELECT", database]);
    try {
      if (greetings.length > 0) await connection.send(greetings);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }
}

// These would change what happens to the pushes that follow.
const lasting = new Set(
  "AUTH HELLO SELECT MULTI EXEC DISCARD WATCH SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR RESET".split(" "),
);

/** A connection to Redis: each answer is that of the oldest command without one. */
class Connection {
  #socket;
  #timeout;
  #waiting = []; // of each command under way what settles it: [resolve, reject]
  #unread = Buffer.alloc(0);

  constructor(socket, timeout) {
    this.#socket = socket;
    this.#timeout = timeout;
    const late = Object.assign(new Error(`Redis did not answer in ${timeout} s`), { isTimeout: true });
    const fail = (error) => this.#waiting.splice(0).forEach(([, reject]) => reject(error));
    socket.on("data", (bytes) => this.#hear(bytes));
    socket.on("timeout", () => socket.destroy(late));
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("Redis closed the connection")));
  }

  async send(commands) {
    if (this.#socket.destroyed) throw new Error("the connection to Redis is closed");
    const quote = (word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`;
    const text = commands.map((words) => `*${words.length}\r\n${words.map(quote).join("")}`);
    const replies = commands.map(() => new Promise((...settle) => this.#waiting.push(settle)));
    this.#socket.ref().setTimeout(this.#timeout * 1000);
    this.#socket.write(text.join(""));
    return Promise.all(replies);
  }

  close() {
    this.#socket.destroy();
  }

  #hear(bytes) {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (let found; this.#waiting.length > 0 && (found = reply(this.#unread, 0)); ) {
      this.#unread = this.#unread.subarray(found.end);
      const [resolve, reject] = this.#waiting.shift();
      found.value instanceof Refused ? reject(found.value) : resolve(found.value);
    }
    // While it waits for nothing the connection keeps no process alive.
    if (this.#waiting.length === 0) this.#socket.setTimeout(0).unref();
  }
}

class Refused extends Error {}

/** The answer of Redis that begins at an offset, and where it ends; undefined while it is not complete. */
function reply(bytes, start) {
  const stop = bytes.indexOf("\r\n", start);
  if (stop < 0) return undefined;
  const text = bytes.toString("utf8", start + 1, stop);
  let end = stop + 2;
  switch (String.fromCharCode(bytes[start])) {
    case "+": return { value: text, end };
    case "-": return { value: new Refused(text), end };
    case ":": return { value: Number(text), end };
    case "$": {
      if (text === "-1") return { value: null, end };
      const last = end + Number(text);
      return bytes.length < last + 2 ? undefined : { value: bytes.toString("utf8", end, last), end: last + 2 };
    }
    default: {
      const value = [];
      for (let i = 0; i < Number(text); i++) {
        const element = reply(bytes, end);
        if (!element) return undefined;
        value.push(element.value);
        end = element.end;
      }
      return { value, end };
    }
  }
}

// `node martlet.mjs FILE...`; not awaited, as the files import this one.
async function main(files) {
  if (files.length === 0) {
    process.stderr.write("usage: node martlet.mjs FILE...\n");
    process.exit(64);
  }
  for (const file of files) await import(pathToFileURL(path.resolve(file)));
  await serve();
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
