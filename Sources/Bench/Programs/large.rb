# A program with some 200 MB of objects, as one that has loaded a framework and its tables. For `bench fork`.
require_relative "martlet"

ROWS = Array.new(540_000) { |number| { id: number, name: "row #{number}", tags: ["tag #{number % 100}", number * 1.5] } }

class Look
  include Martlet::Job

  # Looks at one row in a hundred.
  def perform(start, step)
    4300.times.sum { |index| ROWS[start + index * step][:name].size }
  end
end

Martlet.run
