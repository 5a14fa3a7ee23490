# frozen_string_literal: true

# Does jobs of the class @CLASS@. To run one: martlet try @CLASS@ Ada -C @STEM@.yml
require_relative "martlet"
@MODULES@
class @CLASS@
  include Martlet::Job

  def perform(name = "world", *)
    # `martlet` is this run: jid, attempt, remaining, cancelled?, checkpoint; see the head of martlet.rb.
    martlet.progress(50, "half of it")
    # MailJob.perform_async(name)                 a child: enqueued together with this job's end, or not at all
    # raise Martlet::Dead, "no such user"         failed, never tried again; any other exception is tried again
    puts "Hello, #{name}!"
  end
end

Martlet.run
