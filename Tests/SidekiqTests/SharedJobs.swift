/// The same two classes of jobs for both servers: `CountJob`, which fails its first runs as often as its second argument
/// says, and `LongJob`, which lasts until there is a file `go`. Both append to one ledger, "WORD NUMBER ATTEMPT SERVER".
enum SharedJobs {
    static let files = ["both.py": handler]

    static let sidekiq = ["jobs.rb": jobs, "sidekiq.yml": settings]

    private static let handler = #"""
        #!/usr/bin/python3
        import json, os, time
        jobs = os.fdopen(int(os.environ["MARTLET_IN"]), "rb")
        out = int(os.environ["MARTLET_OUT"])
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        def say(answer): os.write(out, (json.dumps(answer) + "\n").encode())
        say({"ready": True})
        for raw in jobs:
            message = json.loads(raw)
            if "quiet" in message: break
            if "run" not in message: continue
            (number, failures), attempt = message["job"]["args"], message["attempt"]
            def note(word): os.write(ledger, f"{word} {number} {attempt} martlet\n".encode())
            if message["job"]["class"] == "LongJob":
                note("start")
                while not os.path.exists("go"): time.sleep(0.02)
            time.sleep(0.002)
            if attempt <= failures:
                note("fail")
                say({"failed": message["run"], "class": "NotYet", "message": "not yet"})
            else:
                note("done")
                say({"done": message["run"]})
        """#

    private static let jobs = #"""
        LEDGER = File.open(ENV.fetch("LEDGER"), File::WRONLY | File::APPEND | File::CREAT)
        Sidekiq.logger.level = Logger::FATAL

        class Attempt
          def call(worker, job, _queue)
            worker.attempt = (job["retry_count"] || -1) + 2
            yield
          end
        end
        Sidekiq.configure_server { |config| config.server_middleware { |chain| chain.add Attempt } }

        module Noted
          attr_accessor :attempt

          def note(word, number) = LEDGER.syswrite("#{word} #{number} #{attempt} sidekiq\n")
        end

        class CountJob
          include Sidekiq::Worker
          include Noted

          def perform(number, failures)
            sleep 0.002
            if attempt <= failures
              note("fail", number)
              raise "not yet"
            end
            note("done", number)
          end
        end

        class LongJob
          include Sidekiq::Worker
          include Noted

          def perform(number, _failures)
            note("start", number)
            sleep 0.02 until File.exist?(ENV.fetch("GO"))
            note("done", number)
          end
        end
        """#

    /// It waits longer for running jobs than a fetch lasts, 2 s: then none is interrupted while it fetches.
    private static let settings = """
        :concurrency: 5
        :timeout: 5
        :poll_interval_average: 1
        :queues:
          - [default, 2]
          - [low, 1]
        """
}
