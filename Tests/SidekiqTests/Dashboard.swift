import Foundation
import TestSupport
import Testing

/// The real web interface of Sidekiq over a shop's Redis, on a port of its own.
final class Dashboard {
    private let server: Companion
    let port: UInt16

    /// Where it is, without a slash at the end.
    var address: String { "http://127.0.0.1:\(port)" }

    init(of shop: Shop) throws {
        let program = """
            require "sidekiq/web"; require "securerandom"; require "webrick"; require "rack/handler/webrick"
            Sidekiq.configure_client { |config| config.redis = { path: "\(shop.server.socketPath)" } }
            app = Rack::Builder.new do
              use Rack::Session::Cookie, secret: SecureRandom.hex(32), same_site: true
              run Sidekiq::Web
            end
            options = {Host: "127.0.0.1", Port: 0, AccessLog: [], Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN)}
            Rack::Handler::WEBrick.run(app, **options) do |server|
              puts "listens on #{server.listeners.first.addr[1]}"
              $stdout.flush
            end
            """
        server = Companion(
            "the dashboard", ["ruby", "-W0", "web.rb"], environment: ["APP_ENV=production"], files: ["web.rb": program])
        var port: UInt16?
        eventually(within: 60, "the dashboard listens: \(server.log)") { [server] in
            port = server.log.firstMatch(of: /listens on (\d+)/).flatMap { UInt16($0.1) }
            return port != nil
        }
        self.port = port ?? 0
    }

    func end() { server.end() }

    var log: String { server.log }
}
