# frozen_string_literal: true

# Greets people: jobs of the class GreetingJob with a name, such as {"class":"GreetingJob","args":["Ada"]}.
require_relative "martlet"

class LetterJob
  include Martlet::Job
  martlet_options queue: "low", retry: 3

  def perform(name)
    puts "a letter for #{name}"
  end
end

class GreetingJob
  include Martlet::Job

  def perform(name)
    raise Martlet::Dead, "there is nobody to greet" if name.empty?

    puts "Hello, #{name}! This is attempt #{martlet.attempt}."
    LetterJob.perform_async(name) # pushed when this job is done, and only then
  end
end

Martlet.run
