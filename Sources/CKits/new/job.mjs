// Does jobs of the class @CLASS@. To run one: martlet try @CLASS@ Ada -C @STEM@.yml
import { job, serve } from "./martlet.mjs";

job("@CLASS@", async (run, name = "world") => {
  // `run` is this run: jid, attempt, signal, checkpoint; see the head of martlet.mjs.
  run.progress(50, "half of it");
  // run.push("MailJob", name);             a child: enqueued together with this job's end, or not at all
  // throw new Dead("no such user");        failed, never tried again; any other error is tried again
  console.log(`Hello, ${name}!`);
});

await serve();
