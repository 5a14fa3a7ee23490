import { Dead, job, serve } from "./martlet.mjs";

job("ReportJob", async (run, user, pages = 10) => {
  for (let page = 1; page <= pages; page++) {
    run.check(); // throws if the job is to be given up
    run.progress((100 * page) / pages, `page ${page} of ${pages}`);
  }
  run.log.info(`made ${pages} pages`);
  run.push("MailJob", user); // pushed together with this job's end, or not at all
});

job("MailJob", async (run, user) => {
  if (run.attempt > 3) throw new Dead(`user ${user} cannot be reached`);
});

await serve();
