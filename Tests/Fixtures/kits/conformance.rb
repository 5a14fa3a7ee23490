# frozen_string_literal: true

# The classes of Tests/Fixtures/handler-protocol/README.md, with the Ruby kit.
require_relative "../../../Sources/Kits/ruby/martlet"

class ConformanceError < StandardError; end

class Noop
  include Martlet::Job

  def perform(*); end
end

class Echo
  include Martlet::Job

  def perform(*args)
    martlet.push("Echoed", *args)
  end
end

module Conformance
  class Nested < Echo; end
end

class Fail
  include Martlet::Job

  def perform(message)
    outer(message)
  end

  def outer(message)
    innermost(message)
  end

  def innermost(message)
    raise ConformanceError, message
  end
end

class Dead
  include Martlet::Job

  def perform(message)
    raise Martlet::Dead, message
  end
end

class Discard
  include Martlet::Job

  def perform
    raise Martlet::Discard
  end
end

class Snooze
  include Martlet::Job

  def perform(seconds)
    raise Martlet::Snooze.new(seconds)
  end
end

class Retry < Fail
  def perform(seconds, message)
    outer(message)
  rescue ConformanceError
    raise Martlet::Retry, seconds
  end
end

class Child
  include Martlet::Job

  def perform(*); end
end

class Push
  include Martlet::Job

  def perform(count)
    Child.set(queue: "low").perform_async(0)
    (1...count).each { |i| Child.perform_async(i) }
  end
end

class PushLarge
  include Martlet::Job

  def perform(count, size)
    Child.perform_bulk((0...count).map { |i| [i, "x" * size] })
  end
end

class PushThenFail < Fail
  def perform(message)
    Child.perform_async(0)
    outer(message)
  end
end

class Chunk
  include Martlet::Job

  def perform(count)
    first = (martlet.checkpoint || {}).fetch("next", 0)
    first.step(count - 1, 2) { |i| martlet.chunk([["Row", i], ["Row", i + 1]], { "next" => i + 2 }) }
  end
end

class Progress
  include Martlet::Job

  def perform
    martlet.progress(40, "page 4 of 10")
    martlet.progress(100)
  end
end

class Context
  include Martlet::Job

  def perform
    martlet.push(
      "Seen",
      { "jid" => jid, "class" => martlet.job_class, "queue" => martlet.queue, "attempt" => martlet.attempt,
        "checkpoint" => martlet.checkpoint, "in_time" => martlet.remaining.between?(0.001, 60),
        "extra" => martlet.payload["extra"], "cancelled" => martlet.cancelled? }
    )
  end
end

class Length
  include Martlet::Job

  def perform(text)
    martlet.push("Measured", text.length)
  end
end

class Log
  include Martlet::Job

  def perform(text)
    puts text
    warn text
    logger.info("info #{text}")
    logger.warn("warning #{text}")
  end
end

class Print
  include Martlet::Job

  def perform
    puts '{"done":1}', '{"failed":1,"class":"X","message":"y"}'
  end
end

class Together
  include Martlet::Job

  def perform(count, directory)
    File.write(File.join(directory, jid), "")
    limit = Time.now + 20
    until Dir.children(directory).size >= count
      raise ConformanceError, "there are only #{Dir.children(directory).size}" if Time.now > limit

      sleep 0.01
    end
  end
end

class Wait
  include Martlet::Job

  def perform(directory)
    martlet.progress(nil, "waiting")
    limit = Time.now + 60
    until File.exist?(File.join(directory, "go"))
      martlet.sleep(0.02)
      raise ConformanceError, "nobody said go" if Time.now > limit
    end
  end
end

class Finish < Wait
  def perform(directory)
    super
  rescue Martlet::Cancelled
    nil
  end
end

class Each
  include Martlet::IterableJob

  def build_enumerator(count, _directory = nil, cursor:)
    array_enumerator((0...count).to_a, cursor: cursor)
  end

  def each_iteration(number, _count, directory = nil)
    martlet.progress(number)
    limit = Time.now + 60
    until directory.nil? || File.exist?(File.join(directory, "go"))
      sleep(0.01)
      raise ConformanceError, "nobody said go" if Time.now > limit
    end
  end
end

class EachFails
  include Martlet::Job

  def perform(count, last)
    martlet.iterate(->(cursor) { (cursor || 0).upto(count - 1).map { |i| [i, i] } }) do |i|
      raise ConformanceError, "element #{i}" if i == last
    end
  end
end

class Crash
  include Martlet::Job

  def perform
    Process.kill("KILL", Process.pid)
    sleep
  end
end

class Exit
  include Martlet::Job

  def perform(status)
    exit(status)
  end
end

class Speechless
  include Martlet::Job

  class SpeechlessError < StandardError
    def message
      raise "no words"
    end
  end

  def perform
    raise SpeechlessError
  end
end

class EndThread
  include Martlet::Job

  def perform
    Thread.exit
  end
end

class Fork
  include Martlet::Job

  def perform
    exit(3) if fork.nil?
    Process.wait
    martlet.push("Ended", $?.exitstatus)
  end
end

Martlet.run
