import martlet


@martlet.job("ReportJob")
def report(user, pages=10):
    run = martlet.current
    for page in range(1, pages + 1):
        run.check()  # raises Cancelled if the job is to be given up
        run.progress(100 * page / pages, "page %d of %d" % (page, pages))
    run.log.info("made %d pages", pages)
    run.push("MailJob", user)  # enqueued together with this job's end, or not at all


@martlet.job
async def MailJob(user):
    if martlet.current.attempt > 3:
        raise martlet.Dead("user %s cannot be reached" % user)


if __name__ == "__main__":
    martlet.run()
