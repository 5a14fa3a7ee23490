# frozen_string_literal: true

# Martlet's kit for handlers in Ruby, 2.7 or newer. One file without dependencies: copy it beside your jobs.
#
#   require_relative "martlet"
#
#   class ReportJob
#     include Martlet::Job
#
#     def perform(user, format)
#       martlet.progress(50, "half of it")      # `martlet` is this run: jid, attempt, remaining, checkpoint, cancelled?
#       MailJob.perform_async(user)             # a child: pushed together with the end of this run, or not at all
#       raise Martlet::Snooze.new(30) if busy?  # again in 30 s; also Martlet::Dead and Martlet::Discard
#     end
#   end
#
#   Martlet.run
#
# `ruby martlet.rb FILE...` loads job files and runs them; files written for Sidekiq need no change then. The same file
# works in the modes spawn, serve (with any number of threads) and fork. Outside of a run `ReportJob.perform_async(42)`
# pushes to Redis: see Martlet::Client.

return if defined?(Martlet::PROTOCOL)

require "forwardable"
require "io/wait"
require "json"
require "logger"
require "securerandom"
require "set"
require "socket"

module Martlet
  PROTOCOL = 1
  LONGEST_LINE = 1 << 20
  LONGEST_CURSOR = 64 << 10

  # Raise these in a job. Any other exception fails it, and Martlet tries it again by the job's own rules.
  class Dead < StandardError; end # no retry would help
  class Discard < StandardError; end # drop the job
  class Snooze < StandardError # run it again later; costs no retry
    attr_reader :seconds

    def initialize(seconds)
      @seconds = seconds.is_a?(Numeric) ? seconds.to_f : Float::NAN
      raise ArgumentError, "a snooze takes 0 to 1e9 seconds, not #{seconds.inspect}" unless (0..1e9).cover?(@seconds)

      super("again in #{seconds} s")
    end
  end
  class Retry < StandardError # failed, and tried again after so many seconds rather than by the job's rules
    attr_reader :seconds

    def initialize(seconds, message = "again in #{seconds} s")
      @seconds = seconds.is_a?(Numeric) ? seconds.to_f : Float::NAN
      raise ArgumentError, "a retry takes above 0 to 1e9 seconds, not #{seconds.inspect}" unless @seconds.positive? && @seconds <= 1e9

      super(message)
    end
  end
  class Cancelled < Exception; end # see Run#check; no StandardError, so that a plain `rescue` lets it pass
  class Interrupted < Exception; end # see Run#iterate: the job goes on later, before its next element
  class IterationCancelled < Exception; end # likewise: no more elements are wanted, and the job is done with that
  class NoHandler < StandardError; end

  # Whoever can push: a run its children, a client to Redis. It says in `deliver` where jobs go.
  module Producer
    # Options are members of the job (queue:, retry:, tags: ...), and in: seconds or at: a time. Gives the jid.
    def push(job_class, *args, **options)
      push_bulk(job_class, [args], **options).first
    end

    # A job for each list of arguments. Gives the jids.
    def push_bulk(job_class, list, **options)
      jobs = list.map { |args| Martlet.draft(job_class, args, options) }
      jobs.map! { |job| Martlet.push_filter.call(job) || nil } if Martlet.push_filter
      deliver(jobs.compact) if jobs.any?
      jobs.map { |job| job && job["jid"] }
    end

    # A job that is due at a time, or in so many seconds.
    def schedule(time, job_class, *args, **options)
      push(job_class, *args, at: time, **options)
    end
  end

  # One run of a job.
  class Run
    include Producer
    attr_reader :log, :iteration, :number, :payload, :jid, :job_class, :queue, :attempt, :deadline, :checkpoint

    def initialize(channel, number, payload, circumstances)
      @channel, @log, @number, @payload = channel, Martlet.logger, number, payload
      @checkpoint = circumstances["checkpoint"]
      @jid, @job_class = payload["jid"], circumstances["class"] || payload["wrapped"] || payload["class"]
      @asked, @lock = ConditionVariable.new, Mutex.new
      @queue = circumstances["queue"] || payload["queue"] || "default"
      @attempt = (circumstances["attempt"] || 1).to_i
      @is_last = !circumstances["last"].nil?
      @deadline = circumstances["deadline"] && Time.at(circumstances["deadline"].to_i / 1000r)
    end

    # Seconds until the deadline; nil if the handler has no timeout.
    def remaining
      deadline && deadline - Time.now
    end

    # Whether no retry is left if it fails.
    def last?
      @is_last
    end

    def cancelled?
      @cancelled || false
    end

    # For loops: raises Martlet::Cancelled once an operator has cancelled the job, or its time is up.
    def check
      raise Cancelled, "the run was cancelled" if cancelled?
    end

    # Sleeps, but checks.
    def sleep(seconds)
      @lock.synchronize { @asked.wait(@lock, seconds) unless cancelled? }
      check
    end

    def progress(percent = nil, note = nil)
      unless percent.nil? || (percent.is_a?(Numeric) && percent.to_f.finite?)
        raise ArgumentError, "percent is no number: #{percent.inspect}"
      end

      percent = percent.to_f unless percent.nil? || percent.is_a?(Integer)
      note = Martlet.text(note, 1000) unless note.nil?
      @channel.write({ "progress" => number, "percent" => percent, "note" => note }.compact)
    end

    # What cancels it; with force also wherever it is.
    def cancel(force: false)
      @cancelled = true
      @lock.synchronize { @asked.broadcast }
      @thread.raise(Cancelled, "the run was ended by SIGTERM") if force && @thread
    end

    def overdue?
      cancelled? || (deadline && deadline <= Time.now)
    end

    # Calls the block, in which alone this thread can be interrupted. A child that the job forks does not come back
    # from it: the answer is this process's.
    def interruptible(&block)
      @thread, process = Thread.current, Process.pid
      Thread.handle_interrupt(Cancelled => :immediate, &block)
    rescue Exception => error
      raise
    ensure
      @thread = nil
      end_child(error) if Process.pid != process
    end

    # Goes through elements one by one, of which each run does as many as it comes to; later ones go on from there. items: an
    # array or another Enumerable, the same in each run; or a proc that gets a cursor (nil at first) and gives an Enumerable of
    # pairs: an element, and a cursor with which it would begin there. A cursor is any JSON value. Once in a run; needs mode
    # serve or fork.
    def iterate(items)
      begin_iteration
      cursor = iteration.cursor
      iteration.check
      pairs = items.respond_to?(:call) ? items.call(cursor) : items.each_with_index.lazy.drop(cursor || 0)
      pairs.each do |item, place|
        iteration.come(place)
        yield item
      end
    end

    # Asks where to go on, and waits for the answer.
    def begin_iteration
      raise ArgumentError, "a run iterates once" if iteration
      raise ArgumentError, "a job that iterates needs mode serve or fork" if number == true

      @iteration = Iteration.new(self, @channel)
      iteration.begin
    end

    # Pushes these jobs now, in one step with the checkpoint that the next run gets if this one is interrupted.
    # A job is [class, *args] or an object as it lies in Redis.
    def chunk(jobs, checkpoint)
      jobs = jobs.map { |job| job.is_a?(Array) ? Martlet.draft(job.first, job.drop(1)) : job }
      iteration&.tell
      @channel.write("push" => number, "jobs" => jobs, "checkpoint" => checkpoint)
    end

    # Many jobs to a line, but no line near the limit unless a job alone is.
    def deliver(jobs)
      iteration&.tell # what is pushed from here on belongs to this element
      filled = 0
      texts = jobs.map { |job| JSON.generate(job) }
      lines = texts.slice_when { |one, two| (filled += one.bytesize) + two.bytesize > LONGEST_LINE / 4 && filled = 0 }
      lines.each { |some| @channel.write_line("{\"push\":#{number},\"jobs\":[#{some.join(',')}]}") }
    end

    private

    def end_child(error)
      exit!(error ? error.status : 0) if error.nil? || error.is_a?(SystemExit)
      warn error.full_message(highlight: false)
    ensure
      exit!(1)
    end
  end

  # How far a run has come that goes through elements, and what Martlet wants of it.
  class Iteration
    attr_reader :cursor, :executions, :cancelled_at, :stopped

    def initialize(run, channel)
      @run, @channel, @answers = run, channel, Queue.new
      @told, @told_at, @text = true, -Float::INFINITY, nil
    end

    def begin
      @channel.write("iterate" => @run.number)
      answer = @answers.pop
      @cursor, @executions = answer["cursor"], answer.fetch("executions", 1)
      self
    end

    # Of the thread that reads.
    def hear(message)
      cancel(message["cancelled"]) if message.key?("cancelled")
      message.key?("interrupt") ? @wanted = true : @answers << message
    end

    # No more elements are wanted since this second.
    def cancel(time)
      @cancelled_at ||= time
    end

    def interrupting?
      @wanted || false
    end

    # Raises if no more elements are wanted.
    def check
      raise IterationCancelled, "the iteration was cancelled" if cancelled_at
    end

    # The element of this cursor is next: tells Martlet now and then, and stops here if it is to.
    def come(cursor)
      note(cursor)
      @run.check
      check
      stop if interrupting?
      tell if Process.clock_gettime(Process::CLOCK_MONOTONIC) - @told_at >= 1
    end

    def note(cursor)
      text = JSON.generate(cursor)
      raise ArgumentError, "a cursor of #{text.bytesize} bytes; Martlet takes 64 KiB" if text.bytesize > LONGEST_CURSOR

      @cursor, @text, @told = cursor, text, false
    end

    # What is caught between here and the end of the job makes it no less interrupted.
    def stop
      @stopped = true
      raise Interrupted, "before the element #{@text.to_s[0, 100]}"
    end

    def tell
      return if @told

      @told, @told_at = true, Process.clock_gettime(Process::CLOCK_MONOTONIC)
      @channel.write_line("{\"iterate\":#{@run.number},\"cursor\":#{@text}}")
    end

    def interrupted
      { "interrupted" => @run.number, **(@text ? { "cursor" => JSON.parse("[#{@text}]", max_nesting: false).first } : {}) }
    end
  end

  # Makes a class a job of many elements, as Sidekiq::IterableJob does: it has build_enumerator(*args, cursor:) and
  # each_iteration(item, *args), and if it likes on_start, on_resume, on_stop, on_cancel, on_complete and around_iteration.
  module IterableJob
    attr_reader :arguments, :current_object

    def self.included(base)
      base.include(Job) unless base < Job
    end

    def on_start; end
    def on_resume; end
    def on_stop; end
    def on_cancel; end
    def on_complete; end

    def around_iteration
      yield
    end

    def build_enumerator(*)
      raise NotImplementedError, "#{self.class} has no build_enumerator(*arguments, cursor:)"
    end

    def each_iteration(*)
      raise NotImplementedError, "#{self.class} has no each_iteration(item, *arguments)"
    end

    def cursor
      martlet&.iteration&.cursor
    end

    def cancelled?
      martlet&.iteration&.cancelled_at
    end

    # In a run: this job. With the jid of another: that, from anywhere, also when it does not run yet.
    def cancel!
      return martlet.iteration.cancel(Time.now.to_i) if martlet&.iteration && [nil, martlet.jid].include?(jid)

      Martlet.client.call("HSETNX", "it-#{jid}", "cancelled", Time.now.to_i)
      alive = Martlet.client.call("TTL", "it-#{jid}")
      Martlet.client.call("EXPIRE", "it-#{jid}", 30 * 86_400) if alive.negative?
      Martlet.client.call("HGET", "it-#{jid}", "cancelled").to_i
    end

    def perform(*arguments)
      @arguments = arguments.freeze
      iteration = martlet.begin_iteration
      elements = build_enumerator(*arguments, cursor: iteration.cursor)
      return logger.info("build_enumerator gave nil: nothing is to be done") if elements.nil?
      raise ArgumentError, "build_enumerator gave no Enumerator: #{elements.class}" unless elements.is_a?(Enumerator)

      iteration.executions == 1 ? on_start : on_resume
      completed = catch(:abort) { through(elements, iteration) }
      on_stop
      # `throw :abort` leaves the rest undone; `throw :abort, false` goes on later.
      completed == false ? iteration.stop : on_complete
    end

    def array_enumerator(array, cursor:)
      raise ArgumentError, "array is no Array" unless array.is_a?(Array)

      array.each_with_index.drop(cursor || 0).to_enum { array.size }
    end

    def csv_enumerator(csv, cursor:)
      csv.lazy.each_with_index.drop(cursor || 0).to_enum
    end

    def csv_batches_enumerator(csv, cursor:, batch_size: 100)
      csv.lazy.each_slice(batch_size).with_index.drop(cursor || 0).to_enum
    end

    def active_record_records_enumerator(relation, cursor:, **options)
      Enumerator.new do |elements|
        relation.find_each(start: cursor, **options) { |record| elements.yield(record, record.id) }
      end
    end

    def active_record_batches_enumerator(relation, cursor:, **options)
      Enumerator.new do |elements|
        relation.find_in_batches(start: cursor, **options) { |batch| elements.yield(batch, batch.first.id) }
      end
    end

    def active_record_relations_enumerator(relation, cursor:, batch_size: 100, **options)
      Enumerator.new do |elements|
        relation.in_batches(of: batch_size, start: cursor, **options) do |batch|
          first = batch.first
          elements.yield(batch, first.id) if first
        end
      end
    end

    private

    # Whether nothing is left to do.
    def through(elements, iteration)
      iteration.check
      elements.each do |item, cursor|
        @current_object = item
        iteration.note(cursor)
        iteration.check
        return false if iteration.interrupting?

        iteration.come(cursor)
        around_iteration { each_iteration(item, *arguments) }
      end
      true
    rescue IterationCancelled
      on_cancel
      true
    end
  end

  # Makes a class a job: `perform` takes the job's arguments.
  module Job
    extend Forwardable
    attr_writer :jid

    def_delegators :Martlet, :logger
    def_delegator :Martlet, :current, :martlet

    def self.included(base)
      base.extend(ClassMethods)
      Martlet.classes << base
    end

    def jid
      @jid || martlet&.jid
    end

    module ClassMethods
      def inherited(subclass)
        super
        Martlet.classes << subclass
      end

      # martlet_options queue: "low", retry: 5: members of every job of this class that is pushed.
      def martlet_options(options = {})
        @martlet_options = (@martlet_options || {}).merge(options.transform_keys(&:to_s))
        above = superclass.respond_to?(:martlet_options) ? superclass.martlet_options : Martlet.default_options
        above.merge(@martlet_options)
      end

      # set(queue: "critical").perform_async(42)
      def set(options)
        Setter.new(self, options)
      end

      def perform_async(*args)
        set({}).perform_async(*args)
      end

      def perform_in(time, *args)
        set(at: time).perform_async(*args)
      end
      alias perform_at perform_in

      def perform_bulk(list, **options)
        set({}).perform_bulk(list, **options)
      end

      def perform_inline(*args)
        new.perform(*JSON.parse(JSON.generate(args)))
      end
    end

    Setter = Struct.new(:job_class, :options) do
      def set(more)
        Setter.new(job_class, options.merge(more))
      end

      def perform_async(*args)
        options[:sync] ? job_class.perform_inline(*args) : perform_bulk([args]).first
      end

      def perform_in(time, *args)
        set(at: time).perform_async(*args)
      end
      alias_method :perform_at, :perform_in

      def perform_bulk(list, batch_size: 1000, **more)
        list.each_slice(batch_size).flat_map { |some| Martlet.producer.push_bulk(job_class, some, **options, **more) }
      end
    end
  end

  # Pushes to Redis in Sidekiq's format: redis://[user:password@]host[:port][/db], rediss://, unix:///path[?db=1].
  # One connection, which threads share; after a fork the child opens its own.
  class Client
    include Producer

    class Refused < StandardError; end
    # They would change what happens to the pushes that follow.
    LASTING = %w[AUTH HELLO SELECT MULTI EXEC DISCARD WATCH SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR RESET].freeze

    def initialize(url = nil, timeout: 5, ca: nil)
      require "uri"
      @url = URI(url || ENV["MARTLET_REDIS"] || ENV["REDIS_URL"] || "redis://127.0.0.1:6379/0")
      @timeout, @ca, @lock = timeout, ca, Mutex.new
      @words = [@url.user, @url.password].map { |text| URI::DEFAULT_PARSER.unescape(text.to_s) }
      raise ArgumentError, "a user in the URL of Redis needs a password" if @words.last.empty? && !@words.first.empty?
    end

    def deliver(jobs)
      now = Martlet.milliseconds
      jobs.each_slice(1000) do |some|
        later, soon = some.partition { |job| job["at"] }
        queues = soon.group_by { |job| job["queue"] }
        commands = queues.map do |queue, list|
          ["LPUSH", "queue:#{queue}", *list.map { |job| JSON.generate(job.merge("enqueued_at" => now)) }]
        end
        commands.unshift(["SADD", "queues", *queues.keys]) if queues.any?
        scored = later.flat_map { |job| [job["at"], JSON.generate(job.reject { |name,| name == "at" })] }
        commands << ["ZADD", "schedule", *scored] if later.any?
        pipeline(commands)
      end
    end

    # A command of Redis: client.call("SET", "visits", 0, ex: 60). Lists and hashes are put in as their elements.
    def call(*command, **options)
      command.concat(options.flat_map { |name, value| value == true ? [name] : value ? [name, value] : [] })
      command = command.flatten.flat_map { |word| word.is_a?(Hash) ? word.to_a.flatten : [word] }
      if block_given? || LASTING.include?(command.first.to_s.upcase)
        raise ArgumentError, "#{command.first}: the connection is shared, so it has no transactions nor subscriptions"
      end

      pipeline([command]).first
    end

    # Below TLS, so that in the child of a fork nothing is said on the parent's connection.
    def close
      @socket&.to_io&.close
      @socket = nil
    end

    private

    # A connection that is lost, or leads to a replica, is opened anew once; so in a rare case a push happens twice.
    def pipeline(commands)
      again = true
      @lock.synchronize do
        connect unless @socket && @owner == Process.pid
        exchange(commands)
      rescue *losses => error
        raise if error.is_a?(Refused) && !error.message.match?(/READONLY|NOREPLICAS|UNBLOCKED/)

        close
        raise if error.is_a?(Errno::ETIMEDOUT) || !again

        again = false
        retry
      end
    end

    def losses
      [IOError, SystemCallError, Refused, *(OpenSSL::SSL::SSLError if defined?(OpenSSL::SSL::SSLError))]
    end

    # However it is interrupted, no reply is left for the next one.
    def exchange(commands)
      request = commands.map do |words|
        "*#{words.size}\r\n".b + words.map { |word| "$#{word.to_s.bytesize}\r\n".b + word.to_s.b + "\r\n".b }.join
      end
      @socket.write(request.join)
      replies = commands.map { reply }
      complete = true
      replies.each { |reply| raise reply if reply.is_a?(Refused) }
    ensure
      close unless complete
    end

    def reply
      fill until (length = @buffer.index("\r\n"))
      line = take(length)
      size = line[1..].to_i
      case line[0]
      when "+" then line[1..]
      when "-" then Refused.new(line[1..])
      when ":" then size
      when "$" then size.negative? ? nil : take(size).force_encoding(Encoding::UTF_8)
      when "*" then size.negative? ? nil : Array.new(size) { reply }
      else raise IOError, "not an answer of Redis: #{line}"
      end
    end

    def take(size)
      fill while @buffer.bytesize < size + 2
      @buffer.slice!(0, size + 2)[0...-2]
    end

    def fill
      case bytes = @socket.read_nonblock(1 << 16, exception: false)
      when nil then raise EOFError, "Redis closed the connection"
      when :wait_readable then @socket.to_io.wait_readable(@timeout) || raise(Errno::ETIMEDOUT, "Redis")
      when :wait_writable then @socket.to_io.wait_writable(@timeout) || raise(Errno::ETIMEDOUT, "Redis")
      else @buffer << bytes
      end
    end

    def connect
      close
      @owner, @buffer = Process.pid, String.new(encoding: Encoding::BINARY)
      @socket = @url.scheme == "unix" ? UNIXSocket.new(@url.path) : tcp
      secure if @url.scheme == "rediss"
      database = @url.scheme == "unix" ? @url.query.to_s[/(?:^|&)db=(\d+)/, 1] : @url.path[/\d+/]
      exchange([["AUTH", *@words.reject(&:empty?)]]) unless @words.last.empty?
      exchange([["SELECT", database]]) if database.to_i.positive?
      greeted = true
    ensure
      close unless greeted
    end

    def host
      @url.hostname.to_s.empty? ? "127.0.0.1" : @url.hostname
    end

    def tcp
      socket = Socket.tcp(host, @url.port || 6379, connect_timeout: @timeout)
      socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
      socket
    end

    def secure
      require "openssl"
      context = OpenSSL::SSL::SSLContext.new
      context.set_params(@ca ? { ca_file: @ca } : {})
      @socket = OpenSSL::SSL::SSLSocket.new(@socket, context)
      @socket.hostname, @socket.sync_close = host, true
      @socket.connect
      @socket.post_connection_check(host)
    end
  end

  # Where a handler's lines go: one write for each.
  class Channel
    def initialize(io)
      @io, @lock, @owner = io, Mutex.new, Process.pid
      io.sync = true
      io.close_on_exec = true unless io == $stderr
    end

    def write(object)
      write_line(JSON.generate(object))
    end

    # What a run came to. Should the answer be none that can be sent, a plain one is.
    def answer(number, answer)
      write(answer)
    rescue StandardError, SystemStackError => error
      raise if error.is_a?(SystemCallError) || error.is_a?(IOError)

      write("failed" => number, "class" => error.class.to_s, "message" => "its answer could not be written")
    end

    def write_line(text)
      raise IOError, "only the process that got the job speaks to Martlet, not what it forked" if @owner != Process.pid
      raise ArgumentError, "#{text.bytesize} bytes for Martlet, which takes 1 MiB" if text.bytesize >= LONGEST_LINE

      Thread.handle_interrupt(Cancelled => :never) { @lock.synchronize { @io.write(text + "\n") } }
    end
  end

  # Mode serve: the main thread reads what Martlet says, at all times; each run has a thread of a pool.
  class Server
    def initialize(input, output)
      @input, @channel, @work, @lock = input, Channel.new(output), Queue.new, Mutex.new
      input.close_on_exec = true
      @runs, @unanswered, @threads, @quiet = {}, 0, 0, false
    end

    def serve
      Martlet.several = -> { @runs.size > 1 }
      trap("TERM") { Thread.new { terminate } }
      @channel.write("ready" => true)
      @input.each_line { |line| hear(line) }
      # End of file: end now. With runs in the middle not even `ensure` and `at_exit` are waited for.
      $stdout.flush
      @unanswered.zero? ? exit : exit!(0)
    end

    private

    def hear(line)
      message = JSON.parse(line, max_nesting: false)
      return unless message.is_a?(Hash)

      if message.key?("run")
        start(Run.new(@channel, message["run"], message["job"], message))
      elsif message.key?("iterate") || message.key?("interrupt")
        @lock.synchronize { @runs[message["iterate"] || message["interrupt"]] }&.iteration&.hear(message)
      elsif message.key?("cancel")
        @lock.synchronize { @runs[message["cancel"]] }&.cancel
      elsif message["quiet"]
        @lock.synchronize { @quiet = true }
        leave
      end
    rescue JSON::ParserError => error
      number = line[/\A\{"run":(\d+)/, 1]
      @channel.write({ "failed" => number.to_i, **Martlet.describe(error) }) if number
    end

    def start(run)
      wanted = @lock.synchronize do
        @runs[run.number] = run
        @unanswered += 1
        @runs.size > @threads && @threads += 1
      end
      Thread.new { Thread.handle_interrupt(Cancelled => :never) { work } } if wanted
      @work << run
    end

    def work
      loop { complete(@work.pop) }
    rescue Errno::EPIPE
      exit!(0) # nobody listens any more
    end

    def complete(run)
      answer = Martlet.perform(run)
    ensure # a job may end its thread
      @lock.synchronize do
        @runs.delete(run.number)
        @threads -= 1 unless answer
      end
      ended = { "failed" => run.number, "class" => "ThreadError", "message" => "the job ended its thread" }
      @channel.answer(run.number, answer || ended)
      @lock.synchronize { @unanswered -= 1 }
      leave
    end

    # The time of a run is up, or it did not heed its cancelling. The process is killed after a grace.
    def terminate
      runs = @lock.synchronize { @runs.values }
      (runs.any?(&:overdue?) ? runs.select(&:overdue?) : runs).each { |run| run.cancel(force: true) }
      @lock.synchronize { @quiet = true }
      leave
    end

    def leave
      Thread.main.raise(SystemExit.new(0)) if @lock.synchronize { @quiet && @unanswered.zero? }
    end
  end

  # Mode fork: preloads, then forks a child for each request of Martlet; see docs/reference/fork-protocol.md.
  class Preloader
    def initialize(socket)
      @socket = socket
      socket.close_on_exec = true
    end

    # Comes back in each child, with its two ends. The parent ends in here.
    def run
      settle
      warn "martlet: #{Thread.list.size} threads run; a fork keeps only one of them" if Thread.list.size > 1
      tell("ready" => true)
      loop do
        text, _, _, *controls = @socket.recvmsg(65_536, 0, nil, scm_rights: true)
        message = text.to_s.empty? ? { "quiet" => true } : JSON.parse(text)
        exit if message["quiet"]
        reap(message["reap"]) if message["reap"]
        ends = message["fork"] && fork_child(message["fork"], controls.flat_map(&:unix_rights))
        return ends if ends
      end
    end

    private

    def fork_child(number, ends)
      begin
        pid = fork
      rescue SystemCallError => error
        ends.each(&:close)
        return tell("failed" => number, "message" => error.message)
      end
      return become_child(*ends) unless pid

      ends.each(&:close)
      tell("forked" => number, "pid" => pid)
    end

    def become_child(input, output, out, err)
      @socket.close
      begin
        Process.setpgid(0, 0)
      rescue SystemCallError
        nil # Martlet was faster
      end
      [$stdin, $stdout, $stderr].zip([File::NULL, out, err]) { |stream, target| stream.reopen(target) }
      [out, err].each(&:close)
      $stdout.sync = true
      Random.srand
      ENV.delete("MARTLET_CONTROL")
      # Ruby has descriptors of its own at 3 and 4, perhaps.
      ENV.update("MARTLET_IN" => input.fileno.to_s, "MARTLET_OUT" => output.fileno.to_s)
      Martlet.fork_hooks.each(&:call)
      [input, output]
    end

    def reap(pid)
      status = Process.wait2(pid).last
      tell({ "reaped" => pid, "exit" => status.exitstatus, "signal" => status.termsig }.compact)
    rescue SystemCallError
      tell("reaped" => pid)
    end

    def tell(object)
      @socket.send(JSON.generate(object), 0)
      nil
    end

    # Makes every object old and its pages ones that children share, and large maps cheap to copy (MADV_COLLAPSE).
    def settle
      4.times { GC.start }
      Process.respond_to?(:warmup) ? Process.warmup : GC.compact
      require "fiddle"
      types = [Fiddle::TYPE_SIZE_T, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_INT, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_SIZE_T]
      madvise, prctl = %w[madvise prctl].zip([3, 5]).map do |name, count|
        Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], types.first(count), Fiddle::TYPE_INT)
      end
      off = prctl.call(42, 0, 0, 0, 0) # PR_GET_THP_DISABLE, and SET: Ruby does without huge pages
      prctl.call(41, 0, 0, 0, 0)
      File.foreach("/proc/self/maps") do |map|
        low, high = map[/\A(\h+-\h+) rw-p \S+ \S+ 0 /, 1]&.split("-")&.map { |text| text.to_i(16) }
        madvise.call(low, high - low, 25) if low && high - low >= 4 << 20
      end
      prctl.call(41, off, 0, 0, 0)
    rescue NotImplementedError, LoadError, StandardError
      nil # it only saves milliseconds of each fork
    end
  end

  # Active Job's wrappers in Sidekiq's format.
  WRAPPERS = %w[Sidekiq::ActiveJob::Wrapper ActiveJob::QueueAdapters::SidekiqAdapter::JobWrapper].freeze

  class ActiveJobRunner # what Sidekiq's wrapper does
    def perform(job)
      ::ActiveJob::Base.execute(job.merge("provider_job_id" => Martlet.current.jid))
    end
  end

  @classes, @fork_hooks, @default_options = [], [], { "retry" => true, "queue" => "default" }

  class << self
    attr_reader :classes, :fork_hooks
    attr_writer :client, :logger, :several
    # around: called with (job, run) and a block that performs. push_filter: gets each job before it is pushed, gives it
    # back or nil to drop it.
    attr_accessor :around, :push_filter, :default_options

    # The run of this thread; nil outside of one.
    def current
      Thread.current.thread_variable_get(:martlet_run)
    end

    def client
      @client ||= Client.new
    end

    def producer
      current || client
    end

    # What each child of mode fork does first: Martlet.on_fork { Database.reconnect }
    def on_fork(&block)
      fork_hooks << block
    end

    # Writes lines with a level that Martlet reads, and with the jid where Martlet cannot know it.
    def logger
      @logger ||= Logger.new($stdout).tap do |logger|
        logger.formatter = lambda do |severity, _, _, message|
          level = { "DEBUG" => 7, "INFO" => 6, "WARN" => 4, "ERROR" => 3, "FATAL" => 2 }.fetch(severity, 6)
          jid = current && @several&.call ? "jid=#{current.jid} " : ""
          text = message.is_a?(Exception) ? "#{message.class}: #{message.message}" : message.to_s
          text.each_line(chomp: true).map { |line| "<#{level}>#{jid}#{line}\n" }.join
        end
      end
    end

    # A job as it lies in Redis, but for its `at`.
    def draft(job_class, args, options = {})
      options = options.transform_keys(&:to_s)
      at = %w[at in wait wait_until].map { |name| options.delete(name) }.compact.first
      job = job_class.respond_to?(:martlet_options) ? job_class.martlet_options : default_options
      job = job.merge({ "class" => job_class.to_s, "args" => args }, options).reject { |name,| name == "pool" }
      job = { "jid" => SecureRandom.hex(12), "created_at" => milliseconds }.merge(job, "queue" => job["queue"].to_s)
      raise ArgumentError, "a job needs a class and a queue" if job["class"].empty? || job["queue"].empty?
      raise ArgumentError, "the arguments of #{job_class} are no list: #{args.inspect}" unless args.is_a?(Array)
      raise ArgumentError, "JSON has no such arguments: #{args.inspect}" unless plain?(args)

      at = at.to_f if at && !at.is_a?(Integer)
      at += Time.now.to_f if at && at < 1_000_000_000
      at && at > Time.now.to_f ? job.merge("at" => at) : job
    end

    def plain?(args)
      JSON.parse(JSON.generate(args), max_nesting: false) == args
    end

    def milliseconds
      Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)
    end

    # Text as JSON can have it, at most so many characters long.
    def text(value, limit)
      value = value.to_s.dup
      value.force_encoding(Encoding::UTF_8) if value.encoding == Encoding::BINARY
      value.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub[0, limit]
    end

    # The members of `failed` and `dead`: of what made it dead, if there is that. Frames of this file are left out.
    def describe(error)
      error = error.cause || error if error.is_a?(Retry)
      message = begin
        text(error.is_a?(SystemExit) && error.message == "exit" ? "exit status #{error.status}" : error.message, 10_000)
      rescue Exception
        "(its message could not be had)"
      end
      error = error.cause || error if error.is_a?(Dead)
      frames = (error.backtrace || []).reject { |frame| frame.start_with?("#{__FILE__}:") }
      { "class" => text(error.class, 500).delete_prefix("Martlet::"), "message" => message,
        "backtrace" => frames.first(100).map { |frame| text(frame, 1000) } }
    end

    # Runs a job, and gives the line that answers it.
    def perform(run)
      Thread.current.thread_variable_set(:martlet_run, run)
      job_class = find(run)
      job = job_class.new
      job.jid = run.jid if job.respond_to?(:jid=)
      work = -> { job.perform(*run.payload["args"]) }
      inside = around ? -> { around.call(job, run, &work) } : work
      run.interruptible { rails ? rails.executor.wrap(&inside) : inside.call }
      run.iteration&.stopped ? run.iteration.interrupted : { "done" => run.number }
    rescue Interrupted
      run.iteration.interrupted
    rescue IterationCancelled
      { "done" => run.number }
    rescue Snooze => error
      run.iteration&.tell
      { "snooze" => run.number, "seconds" => error.seconds }
    rescue Discard
      { "discard" => run.number }
    rescue Exception => error # `exit` too ends a job, not the process
      failure(run, job_class, error)
    ensure
      Thread.current.thread_variable_set(:martlet_run, nil)
    end

    # The answer to a job that raised. The status of an `exit` means what that of a process does.
    def failure(run, job_class, error)
      status = error.is_a?(SystemExit) && error.status
      return { "done" => run.number } if status == 0

      run.iteration&.tell

      verdict = error.is_a?(Dead) || status == 65 ? "dead" : "failed"
      seconds = error.seconds if error.is_a?(Retry)
      verdict, seconds = job_class.verdict(run, error, verdict) if job_class.respond_to?(:verdict)
      return { "discard" => run.number } if verdict == "discard"

      wish = verdict == "failed" && seconds ? { "retry_in" => seconds } : {}
      { verdict => run.number, **describe(error), **wish }
    rescue Exception => worse
      { "failed" => run.number, "class" => error.class.to_s, "message" => "(#{worse.class} on asking it what it is)" }
    end

    # To be called at the end of a job file; does not come back.
    def run
      $stdout.sync = true
      control, input, output = ENV.values_at("MARTLET_CONTROL", "MARTLET_IN", "MARTLET_OUT").map { |text| text&.to_i }
      if control
        ends = Preloader.new(Socket.for_fd(control)).run
        # What was registered with at_exit before the fork is for the end of the parent.
        child = Process.pid
        Kernel.at_exit { $stdout.flush && exit!(0) if Process.pid == child }
        Server.new(*ends).serve
      elsif input
        Server.new(IO.for_fd(input, "r"), IO.for_fd(output, "w")).serve
      else
        run_once
      end
    end

    private

    def rails
      ::Rails.application if defined?(::Rails.application)
    end

    def find(run)
      name = run.job_class.to_s
      found = Object.const_get(name) if name.match?(/\A[A-Z]\w*(::[A-Z]\w*)*\z/) && Object.const_defined?(name)
      found = nil unless found.is_a?(Class) && found.method_defined?(:perform)
      return ActiveJobRunner if WRAPPERS.include?(run.payload["class"]) && found&.method_defined?(:provider_job_id=)
      return found if found

      raise NoHandler, "no job class #{name} here; there are: #{classes.map(&:name).compact.sort.join(', ')}"
    end

    # One job, from standard input; its verdict by descriptor 4 and the exit status.
    def run_once
      abort "Martlet starts this. By hand: echo '{\"class\":\"X\",\"args\":[]}' | ruby FILE" if $stdin.tty?
      circumstances = ENV.select { |name,| name.start_with?("MARTLET_") }.transform_keys { |name| name[8..].downcase }
      circumstances["checkpoint"] &&= JSON.parse(circumstances["checkpoint"])
      # By hand what would go to Martlet is shown; descriptor 4 is one of Ruby's own then.
      channel = Channel.new(ENV["MARTLET_PROTOCOL"] ? IO.for_fd(4, "w") : $stderr)
      run = Run.new(channel, true, JSON.parse($stdin.read, max_nesting: false), circumstances)
      trap("TERM") { Thread.new { run.cancel(force: true) } }
      answer = Thread.handle_interrupt(Cancelled => :never) { perform(run) }
      channel.answer(true, answer) # "done" too: a status of 0 alone may be how a program answers SIGTERM
      exit(answer.key?("failed") ? 1 : answer.key?("dead") ? 65 : 0)
    end
  end
end

# From here on: `ruby martlet.rb FILE...`
return unless $PROGRAM_NAME == __FILE__

# What job files use of Sidekiq, done by Martlet; README.md says what it cannot do.
module Sidekiq
  VERSION = "8.1.0"
  class Shutdown < Interrupt; end

  # Middleware, of the server (around a run) or the client (around a push).
  class Chain
    def add(middleware, *args)
      remove(middleware)
      entries << [middleware, args]
    end

    def remove(middleware)
      entries.reject! { |found,| found == middleware }
    end

    def entries
      @entries ||= []
    end

    def invoke(*args, &work)
      entries.reverse.reduce(work) { |inner, (kind, more)| -> { kind.new(*more).call(*args, &inner) } }.call
    end
  end

  module ServerMiddleware
    extend Forwardable
    attr_accessor :config

    def_delegators :Sidekiq, :logger, :redis
  end
  ClientMiddleware = ServerMiddleware

  # Whatever else is set concerns Sidekiq's own process, and is let pass.
  class Config
    attr_reader :error_handlers, :death_handlers

    def initialize
      @error_handlers, @death_handlers, @server, @client = [], [], Chain.new, Chain.new
      Martlet.around = ->(job, run, &work) { @server.invoke(job, run.payload, run.queue, &work) }
      Martlet.push_filter = ->(job) { @client.invoke(job["class"], job, job["queue"], nil) { job } }
    end

    def redis=(options)
      Martlet.client = Martlet::Client.new(options[:url])
    end

    def server_middleware
      @server.tap { |chain| yield chain if block_given? }
    end

    def client_middleware
      @client.tap { |chain| yield chain if block_given? }
    end

    def on(event, &block)
      at_exit(&block) if event == :shutdown
      block.call if event == :startup
    end

    def method_missing(name, *args)
      return Sidekiq.public_send(name, *args) if Sidekiq.respond_to?(name)

      setting = name.to_s.start_with?("[]") ? args.first.inspect : name.to_s.delete_suffix("=")
      Martlet.logger.warn("the setting #{setting} of Sidekiq does nothing here") if (@unknown ||= Set.new).add?(setting)
      nil
    end

    def respond_to_missing?(*)
      true
    end
  end

  class << self
    extend Forwardable
    def_delegators :Martlet, :logger, :logger=
    def_delegator :Martlet, :default_options, :default_job_options
    def_delegators :default_configuration, :redis=, :server_middleware, :client_middleware

    def default_configuration
      @default_configuration ||= Config.new
    end

    def configure_server
      yield default_configuration
    end

    def configure_client; end

    def server?
      true
    end

    # Sidekiq.redis { |connection| connection.call("INCR", "visits") }
    def redis
      yield Martlet.client
    end

    def default_job_options=(options)
      Martlet.default_options = default_job_options.merge(options.transform_keys(&:to_s))
    end
  end

  module Job
    attr_accessor :bid, :_context

    def self.included(base)
      base.include(Martlet::Job)
      base.extend(ClassMethods)
    end

    def interrupted?
      martlet&.cancelled? || martlet&.iteration&.interrupting? || false
    end

    module ClassMethods
      extend Forwardable
      def_delegator :itself, :martlet_options, :sidekiq_options
      def_delegator :itself, :martlet_options, :get_sidekiq_options
      def_delegator "Sidekiq::Client", :push, :client_push

      def queue_as(queue)
        martlet_options(queue: queue)
      end

      %w[sidekiq_retry_in sidekiq_retries_exhausted].each do |name|
        define_method(name) do |&block|
          instance_variable_set("@#{name}", block) if block
          instance_variable_get("@#{name}") || (superclass.public_send(name) if superclass.respond_to?(name))
        end
      end

      # What follows from an error: the hooks are asked here, Martlet keeps the times and the counts.
      def verdict(run, error, verdict)
        count = run.payload["retry_count"] ? run.payload["retry_count"] + 1 : 0
        config = Sidekiq.default_configuration
        config.error_handlers.each { |hook| ask(hook, error, { job: run.payload }, config) }
        wish = ask(sidekiq_retry_in, count, error, run.payload)
        return "discard" if wish == :discard

        verdict = "dead" if wish == :kill
        return [verdict, delay(wish, error)] unless verdict == "dead" || last?(run, count)

        failure = { "error_class" => error.class.to_s, "error_message" => Martlet.text(error.message, 10_000) }
        job = run.payload.merge(failure, "retry_count" => count)
        wish = ask(sidekiq_retries_exhausted, job, error) if run.payload.fetch("retry", true)
        config.death_handlers.each { |hook| ask(hook, job, error) }
        wish == :discard ? "discard" : verdict
      end

      private

      # Seconds, as far as the hook names some; what is no positive number leaves it to the job's rules.
      def delay(wish, error)
        seconds = wish.to_i if wish.respond_to?(:to_i)
        return [seconds, 1_000_000_000].min if seconds&.positive?

        error.seconds if error.is_a?(Martlet::Retry)
      end

      # How often by default is a setting of Martlet's, which says with the run whether it is the last.
      def last?(run, count)
        job = run.payload
        limit = job.fetch("retry") { martlet_options["retry"] }
        return true if run.last? || !limit
        return limit.is_a?(Integer) && count >= limit unless job["retry_for"]

        failed_at = job["failed_at"] || Martlet.milliseconds
        (failed_at.is_a?(Integer) ? failed_at / 1000.0 : failed_at) + job["retry_for"] < Time.now.to_f
      end

      def ask(hook, *args)
        hook&.call(*(hook.respond_to?(:arity) && hook.arity.positive? ? args.first(hook.arity) : args))
      rescue StandardError => error
        Sidekiq.logger.error(error)
        nil
      end
    end
  end
  Worker = Job

  # Jobs of many elements: https://github.com/sidekiq/sidekiq/wiki/Iteration
  module IterableJob
    def self.included(base)
      base.include(Job)
      base.include(Martlet::IterableJob)
    end
  end
  Job::Iterable = Martlet::IterableJob

  # Sidekiq::Client.push("class" => ReportJob, "args" => [42])
  class Client
    class << self
      def push(item)
        push_bulk(item.merge("args" => [item["args"] || item[:args]])).first
      end

      def push_bulk(items)
        items = items.transform_keys(&:to_sym)
        job_class, list, at = items.values_at(:class, :args, :at)
        options = items.reject { |name,| %i[class args at batch_size].include?(name) }
        return Martlet.producer.push_bulk(job_class, list, **options, at: at) unless at.is_a?(Array)

        list.zip(at).flat_map { |args, time| Martlet.producer.push_bulk(job_class, [args], **options, at: time) }
      end
    end

    extend Forwardable
    def_delegators "self.class", :push, :push_bulk

    def initialize(*) end
  end
end

abort "usage: ruby martlet.rb FILE..." if ARGV.empty?
# The copy that job files require is this one.
$LOADED_FEATURES.push(File.realpath(__FILE__), "martlet.rb")
$LOADED_FEATURES.push("sidekiq.rb", "sidekiq/job.rb", "sidekiq/worker.rb", "sidekiq/client.rb",
                      "sidekiq/iterable_job.rb", "sidekiq/job/iterable.rb")
Sidekiq.default_configuration
ARGV.each { |file| require File.expand_path(file) }
Martlet.run
