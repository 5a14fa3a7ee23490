class BenchJob
  include Martlet::Job

  def perform(*)
  end
end
