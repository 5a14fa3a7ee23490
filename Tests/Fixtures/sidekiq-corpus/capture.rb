# frozen_string_literal: true

# Captures payloads as the Sidekiq that is installed writes them, into the folders beside this file: one file a payload,
# its exact bytes and nothing more. Run it by hand when a new version is to be added (README.md):
#
#   ruby capture.rb [DIRECTORY]
#
# It starts a redis-server of its own on a private socket. Failures are made by the gem's own processor.

require "sidekiq"
require "sidekiq/api"
require "sidekiq/processor"
require "fileutils"
require "tmpdir"

TARGET = File.expand_path(ARGV[0] || File.join(__dir__, Sidekiq::VERSION))
SCRATCH = Dir.mktmpdir("corpus")
SOCKET = "#{SCRATCH}/redis.sock"
REDIS = spawn("redis-server", "--port", "0", "--unixsocket", SOCKET, "--save", "", out: File::NULL)
at_exit do
  Process.kill("KILL", REDIS)
  Process.wait(REDIS)
  FileUtils.rm_rf(SCRATCH)
end
sleep 0.01 until File.exist?(SOCKET)

Sidekiq.configure_client { |config| config.redis = { path: SOCKET } }
Sidekiq.logger.level = Logger::FATAL

class PlainJob
  include Sidekiq::Worker
  def perform(*) = nil
end

class OptionsJob
  include Sidekiq::Worker
  sidekiq_options queue: "low", retry: 7, backtrace: 3, tags: ["monthly", "größer"], dead: false
  def perform(*) = nil
end

class FailJob
  include Sidekiq::Worker
  class Mistake < StandardError; end
  def perform(*) = raise(Mistake, "no user “Åse”: </script> \u{1F426}\n\tsecond line")
end

class TraceJob
  include Sidekiq::Worker
  sidekiq_options backtrace: true, tags: ["traced"]
  def perform(*) = deep(20)
  def deep(depth) = depth.zero? ? raise(ArgumentError, "deep down") : deep(depth - 1)
end

class BinaryErrorJob
  include Sidekiq::Worker
  def perform(*) = raise("bytes \xFF\xFE that are no UTF-8".dup.force_encoding("BINARY"))
end

def redis(&block) = Sidekiq.redis(&block)

def save(place, name, payload)
  FileUtils.mkdir_p("#{TARGET}/#{place}")
  File.binwrite("#{TARGET}/#{place}/#{name}.json", payload)
end

# What the block pushes, saved from wherever it lies then.
def capture(name)
  yield
  redis do |conn|
    conn.keys("queue:*").each do |key|
      payloads = conn.lrange(key, 0, -1).reverse
      payloads.each_with_index { |payload, n| save("queue", payloads.size > 1 ? "#{name}-#{n + 1}" : name, payload) }
    end
    %w[schedule retry dead].each do |set|
      payloads = conn.zrange(set, 0, -1)
      payloads.each_with_index { |payload, n| save(set, payloads.size > 1 ? "#{name}-#{n + 1}" : name, payload) }
    end
    conn.flushall
  end
end

# Runs the one job that waits, so often; between the runs the gem's own poller puts it back.
def run(times = 1)
  require "sidekiq/scheduled"
  times.times do |n|
    unless n.zero?
      redis { |conn| conn.zadd("retry", 1, conn.zrange("retry", 0, 0).first) }
      Sidekiq::Scheduled::Enq.new.enqueue_jobs(["retry"])
    end
    options = Sidekiq.options.merge(queues: %w[default low again])
    processor = Sidekiq::Processor.new(nil, options.merge(fetch: Sidekiq::BasicFetch.new(options)))
    begin
      processor.send(:process_one)
    rescue StandardError
      nil # the failure that was wanted
    end
  end
end

capture("plain") { PlainJob.perform_async(1, "two", 3.0, nil, true, { "k" => [false] }) }
capture("no-arguments") { PlainJob.perform_async }
capture("push") { Sidekiq::Client.push("class" => "Some::Namespaced::Job", "args" => [42]) }
capture("unknown-members") do
  Sidekiq::Client.push("class" => "PlainJob", "args" => [], "tenant" => { "id" => 7, "ratio" => 1.0 }, "trace" => "00-ab")
end
capture("bulk") { Sidekiq::Client.push_bulk("class" => PlainJob, "args" => [[1], ["zwei"], [[3]]]) }
capture("options") { OptionsJob.perform_async("report") }
capture("set") { PlainJob.set(queue: "low", retry: false, tags: ["a"], retry_queue: "again").perform_async }
capture("unicode") { PlainJob.perform_async("Grüße 東京 \u{1F426} \u0000 \u2028 \\ \" / </script> \r\n", { "ключ" => "é" }) }
capture("numbers") do
  PlainJob.perform_async(2**53 + 1, 2**64, -2**70, 10**40, 1.0, 0.1 + 0.2, 1e300, 1e-9, 123_456_789.123456789, -0.0)
end
capture("deep") { PlainJob.perform_async((1..40).reduce([]) { |inner, _| [inner] }) }
capture("large") { PlainJob.perform_async("x" * 20_000) }
capture("scheduled") { PlainJob.perform_in(3600, "later") }
capture("scheduled-bulk") { Sidekiq::Client.push_bulk("class" => PlainJob, "args" => [[1], [2]], "at" => Time.now.to_f + 60) }
capture("failed-once") { FailJob.perform_async(1.0); run }
capture("failed-twice") { FailJob.perform_async("again", 2**70); run(2) }
capture("failed-five-times") { FailJob.perform_async; run(5) }
capture("backtrace") { TraceJob.perform_async("trace"); run }
capture("backtrace-twice") { TraceJob.perform_async("trace"); run(2) }
capture("backtrace-lines") { TraceJob.set(backtrace: 2).perform_async("trace"); run }
capture("retry-queue") { FailJob.set(retry_queue: "again").perform_async; run }
capture("binary-error") { BinaryErrorJob.perform_async; run }
capture("unknown-class") { Sidekiq::Client.push("class" => "Nowhere::Job", "args" => []); run }
capture("retried-by-hand") do
  FailJob.perform_async("by hand")
  run
  Sidekiq::RetrySet.new.first.retry
end
capture("dead") { FailJob.set(retry: 0).perform_async("over"); run }
capture("dead-after-two") { TraceJob.set(retry: 1).perform_async("over"); run(2) }
capture("killed-by-hand") do
  FailJob.perform_async("by hand")
  run
  Sidekiq::RetrySet.new.first.kill
end
capture("not-json") do
  redis { |conn| conn.lpush("queue:default", "this is {no job") }
  run
end

begin
  require "active_job"
  require "active_job/queue_adapters/sidekiq_adapter"
  ActiveJob::Base.queue_adapter = :sidekiq
  ActiveJob::Base.logger = Logger.new(nil)
  class WelcomeJob < ActiveJob::Base
    queue_as :low
    def perform(*) = nil
  end

  class BrokenJob < ActiveJob::Base
    def perform(*) = raise("it is broken")
  end
  capture("active-job") { WelcomeJob.perform_later("Åse", 7, { "since" => 1.5, symbol: :value }) }
  capture("active-job-later") { WelcomeJob.set(wait: 3600, priority: 5).perform_later }
  # Required by Rails, where the wrapper runs what it wraps.
  capture("active-job-failed") { BrokenJob.perform_later(1); run }
rescue LoadError
  warn "Active Job is not installed (ruby-activejob): its payloads are not captured"
end
puts Dir["#{TARGET}/**/*.json"].sort.map { |path| path.delete_prefix("#{TARGET}/") }
