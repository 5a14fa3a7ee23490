"""Does jobs of the class @CLASS@. To run one: martlet try @CLASS@ Ada -C @STEM@.yml"""
import martlet


@martlet.job("@CLASS@")
def @STEM@(name="world", *rest):
    run = martlet.current  # this run: .jid .attempt .remaining() .check() .checkpoint; see the head of martlet.py
    run.log.info("attempt %d", run.attempt)
    run.progress(50, "half of it")
    # run.push("MailJob", name)             a child: enqueued together with this job's end, or not at all
    # raise martlet.Dead("no such user")    failed, never tried again; any other exception is tried again
    print("Hello, %s!" % name)


if __name__ == "__main__":
    martlet.run()
