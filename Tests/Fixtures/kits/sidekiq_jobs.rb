# frozen_string_literal: true

# A job file as it is written for Sidekiq: nothing in it knows of Martlet. It runs under Sidekiq, and as it is with
# `ruby martlet.rb sidekiq_jobs.rb`.
require "sidekiq"

Sidekiq.configure_server do |config|
  config.logger.level = Logger::INFO
end

class ApplicationJob
  include Sidekiq::Job
  sidekiq_options retry: 5, backtrace: true

  class UserMissing < StandardError; end
end

class WelcomeMailJob < ApplicationJob
  sidekiq_options queue: "mailers"

  def perform(user_id, options = {})
    logger.info "mail to user #{user_id} in #{options.fetch('locale', 'en')}"
  end
end

class SignUpJob < ApplicationJob
  def perform(user_id, friends)
    raise UserMissing, "no user #{user_id}" if user_id.zero?

    logger.info "signing up #{user_id} as #{jid}"
    WelcomeMailJob.perform_async(user_id, { "locale" => "de" })
    WelcomeMailJob.perform_in(3600, user_id)
    WelcomeMailJob.set(queue: "critical", tags: ["first"]).perform_async(user_id)
    WelcomeMailJob.perform_bulk(friends.map { |friend| [friend] })
    Sidekiq::Client.push("class" => "Analytics::TrackJob", "args" => ["sign_up", user_id], "queue" => "low")
  end
end

module Billing
  class CardDeclined < StandardError; end

  class ChargeJob
    include Sidekiq::Worker
    sidekiq_options queue: :critical, retry: 3, dead: false

    sidekiq_retry_in do |count, error|
      case error
      when CardDeclined then :kill
      when ZeroDivisionError then :discard
      else 10 * (count + 1)
      end
    end

    sidekiq_retries_exhausted do |job, error|
      Sidekiq.logger.warn "gave up on #{job['class']} #{job['args'].inspect} after #{job['retry_count'].to_i + 1}: #{error.message}"
    end

    def perform(order, cents)
      raise CardDeclined, "card of order #{order} was declined" if cents > 100_000

      logger.info "order #{order}: #{cents / (cents.zero? ? 0 : 1)} cents"
      raise IOError, "the bank does not answer" if order.zero?
    end
  end
end
