require_relative "martlet"

class MailJob
  include Martlet::Job
  martlet_options queue: "mail", retry: 3

  def perform(user)
    raise Martlet::Dead, "user #{user} cannot be reached" if martlet.attempt > 3
  end
end

class ReportJob
  include Martlet::Job

  def perform(user, pages = 10)
    1.upto(pages) do |page|
      martlet.check # raises Cancelled if the job is to be given up
      martlet.progress(100 * page / pages, "page #{page} of #{pages}")
    end
    logger.info "made #{pages} pages"
    MailJob.perform_async(user) # pushed together with this job's end, or not at all
  end
end

Martlet.run
