import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// With MARTLET_SCREENSHOTS=DIRECTORY in the environment it leaves a picture of each page there.
@Suite("Sidekiq's dashboard in a browser shows Martlet, and its buttons work")
struct DashboardTests {
    @Test("workers, running jobs, retries, dead, scheduled and waiting jobs are shown; each button does what it says")
    func pages() throws {
        try #require(Browser.trouble == nil, "\(Browser.trouble ?? "")")
        try Shop.open { shop in
            try Self.fill(shop)
            let dashboard = try Dashboard(of: shop)
            defer { dashboard.end() }
            let browser = try Browser()
            defer { browser.end() }
            let visit = Visit(shop: shop, browser: browser, dashboard: dashboard)
            try visit.home()
            try visit.busy()
            try visit.retries()
            try visit.oneRetry()
            try visit.dead()
            try visit.scheduled()
            try visit.queues()
            try visit.quiet()
            #expect(!dashboard.log.contains("Error"), "\(dashboard.log)")
            shop.letGo()
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    /// Brings about one job of every kind, none of which changes by itself.
    private static func fill(_ shop: Shop) throws {
        _ = shop.ruby(
            """
            push = ->(jid, name, more = {}) {
              Sidekiq::Client.push({"class" => name, "args" => [jid, {"<b>" => 1.0}], "jid" => jid}.merge(more)) }
            push["held", "HoldJob", "queue" => "low", "tags" => ["monthly"]]
            %w[retry kill delete page].each { |jid| push[jid, "FailJob", "backtrace" => true, "tags" => ["tagged"]] }
            %w[raise drop stay].each { |jid| push[jid, "DeadJob"] }
            %w[add cut].each { |jid| push[jid, "PlainJob", "at" => Time.now.to_f + 86_400] }
            %w[first second].each { |jid| push[jid, "PlainJob", "queue" => "unserved"] }
            {}
            """)
        try eventually(within: 60, "all but the long job are settled, which is shown") {
            try shop.number("stat:failed") == 7 && shop.records("busy").sorted() == ["0", "1"]
        }
        try shop.reschedule("retry", at: 4_000_000_000)
    }
}

/// A walk through the dashboard's pages.
private struct Visit {
    let shop: Shop
    let browser: Browser
    let dashboard: Dashboard

    func home() throws {
        try open("/", as: "home")
        #expect(try browser.text("#txtProcessed") == "7" && browser.text("#txtFailed") == "7")
        #expect(try browser.text("#txtBusy") == "1" && browser.text("#txtEnqueued") == "2")
        #expect(try browser.text("#txtRetries") == "4" && browser.text("#txtScheduled") == "2")
        #expect(try browser.text("#txtDead") == "3")
        let stats = JSON.object(try HTTP.fetch(dashboard.port, "/stats").text)["sidekiq"]
        let numbers = stats as? [String: Any] ?? [:]
        #expect(numbers["busy"] as? Int == 1 && numbers["processes"] as? Int == 2, "\(numbers)")
    }

    func busy() throws {
        try open("/busy", as: "busy")
        let totals = try browser.texts(".stats-container .stat h3")
        #expect(Array(totals.prefix(4)) == ["2", "6", "1", "17%"], "\(totals)")
        #expect(totals.last?.firstMatch(of: /^[0-9,]+ (KB|MB)$/) != nil, "\(totals)")
        let rows = try browser.texts("table.processes tr:has(td)")
        #expect(rows.count == 2, "\(rows)")
        for pid in shop.daemon.workers {
            let row = rows.first { $0.contains("\(ProcessIdentity.hostName):\(pid)") } ?? ""
            #expect(row.contains("shop") && row.contains("blue") && row.contains("Queues: default, low"), "\(rows)")
            #expect(row.contains("KB") || row.contains("MB"), "\(row)")
            #expect(!row.contains("quiet") && row.contains("Quiet") && row.contains("Stop"))
        }
        #expect(try browser.texts("table.processes td:nth-child(4)") == ["3", "3"])
        #expect(try browser.texts("table.processes td:nth-child(5)").sorted() == ["0", "1"])
        try expectRecent("table.processes time", count: 2)
        let job = try browser.texts("table.workers tr:has(td) td")
        #expect(job.count == 7 && job[2] == "held" && job[3] == "low", "\(job)")
        #expect(job.count == 7 && job[4].contains("HoldJob") && job[4].contains("monthly"), "\(job)")
        #expect(job.count == 7 && job[5] == #""held", {"<b>"=>1.0}"#, "\(job)")
        #expect(try shop.call("SMEMBERS", "processes").elements?.compactMap(\.text).contains(job.first ?? "") == true)
        try expectRecent("table.workers time", count: 1)
    }

    func retries() throws {
        try open("/retries", as: "retries")
        let rows = try browser.texts("tr:has(td)")
        #expect(rows.count == 4)
        for jid in ["retry", "kill", "delete", "page"] {
            let row = rows.first { $0.contains("Shop::OutOfStock: no more é of \(jid)") } ?? ""
            #expect(row.contains("FailJob") && row.contains("tagged") && row.contains("default"), "\(rows)")
        }
        try press("kill", listed: "no more é of kill")
        try eventually("it is dead") { try shop.object("kill", in: "dead") != nil }
        try press("delete", listed: "no more é of delete")
        try eventually("it is nowhere") { try shop.object("delete", in: "retry") == nil }
        try press("retry", listed: "no more é of retry")
        eventually(within: 60, "it runs again") { shop.runs(of: "retry").count == 2 }
        try eventually(within: 60, "and fails again") { try shop.object("retry", in: "retry") != nil }
        #expect(try shop.object("retry", in: "retry")?["retry_count"] as? Int == 0, "that was no retry of its own")
        #expect(try shop.object("delete", in: "dead") == nil && shop.runs(of: "delete").count == 1)
    }

    func oneRetry() throws {
        try open("/retries", as: nil)
        try browser.click("//tr[contains(., 'no more é of page')]//a[contains(@href, '/retries/')]")
        try eventually(within: 30, "its own page is there") { try browser.text().contains("page") }
        try picture("retry")
        let text = try browser.text()
        #expect(text.contains("shop.py:12:in sell") && text.contains("shop.py:3:in main"), "\(text)")
        #expect(text.contains("Shop::OutOfStock") && text.contains("no more é of page"), "\(text)")
        // Created, enqueued, first failed; the last one is when it is due, in the year 2096.
        let times = try browser.attributes("datetime", of: "table time")
        #expect(times.count == 4 && times.last?.hasPrefix("2096-10-02") == true, "\(times)")
        for time in times.dropLast() { expectRecent(time) }
        try browser.click("//input[@name='retry']")
        eventually(within: 60, "it runs again") { shop.runs(of: "page").count == 2 }
    }

    func dead() throws {
        try open("/morgue", as: "dead")
        let rows = try browser.texts("tr:has(td)")
        #expect(rows.count == 4, "three and the one that was killed: \(rows)")
        #expect(rows.count { $0.contains("Shop::Closed: closed for good") } == 3, "\(rows)")
        try press("delete", listed: #""drop""#)
        try eventually("it is gone") { try shop.object("drop", in: "dead") == nil }
        try press("retry", listed: #""raise""#)
        eventually(within: 60, "it runs again") { shop.runs(of: "raise").count == 2 }
        #expect(try shop.object("stay", in: "dead") != nil && shop.runs(of: "stay").count == 1)
    }

    func scheduled() throws {
        try open("/scheduled", as: "scheduled")
        #expect(try browser.texts("tr:has(td)").count == 2)
        try press("add_to_queue", listed: #""add""#)
        eventually(within: 60, "it runs") { shop.runs(of: "add").contains { $0["word"] as? String == "end" } }
        try press("delete", listed: #""cut""#)
        try eventually("nothing is scheduled") { try shop.members(of: "schedule").isEmpty }
        #expect(shop.runs(of: "cut").isEmpty)
    }

    func queues() throws {
        try open("/queues", as: "queues")
        let rows = try browser.texts("tr:has(td)")
        #expect(rows.count == 3 && rows.contains { $0.contains("unserved") && $0.contains("2") }, "\(rows)")
        try browser.click("//a[normalize-space()='unserved']")
        try eventually(within: 30, "its jobs are listed") { try browser.text().contains("\"second\"") }
        try picture("queue")
        try browser.click("//tr[contains(., '\"first\"')]//input[@name='delete']")
        try eventually("one of them is left") { try shop.queue("unserved").map { $0.contains("second") } == [true] }
    }

    func quiet() throws {
        try open("/busy", as: nil)
        let pid = try #require(shop.daemon.workers.first)
        try browser.click("//tr[contains(., ':\(pid)')]//button[@name='quiet']")
        try eventually(within: 60, "it is shown as quiet") {
            try browser.open(dashboard.address + "/busy")
            return try browser.texts("table.processes .label-danger") == ["quiet"]
        }
        try picture("quiet")
        let row = try browser.texts("table.processes tr:has(.label-danger)").first ?? ""
        #expect(row.contains(":\(pid)") && !row.contains("Quiet"), "it has no such button any more: \(row)")
        try browser.click("//tr[contains(., ':\(pid)')]//button[@name='stop']")
        eventually(within: 60, "another worker takes its place") {
            shop.daemon.workers.count == 2 && !shop.daemon.workers.contains(pid)
        }
    }

    // MARK: Steps

    private func open(_ path: String, as name: String?) throws {
        try browser.open(dashboard.address + path)
        if let name { try picture(name) }
    }

    /// Marks the row with this text on the list that is open and presses a button below the list.
    private func press(_ button: String, listed text: String) throws {
        try browser.click("//tr[contains(., '\(text)')]//input[@type='checkbox']")
        try browser.click("//form[.//input[@type='checkbox']]/input[@name='\(button)']")
    }

    private func picture(_ name: String) throws {
        guard let directory = ProcessInfo.processInfo.environment["MARTLET_SCREENSHOTS"] else { return }
        try browser.screenshot(to: "\(directory)/\(name).png")
    }

    private func expectRecent(
        _ selector: String, count: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let times = try browser.attributes("datetime", of: selector)
        #expect(times.count == count, sourceLocation: sourceLocation)
        for time in times { expectRecent(time, sourceLocation: sourceLocation) }
    }

    /// A time of this test, not of 1970 nor of the year 50,000, as when seconds are taken for milliseconds.
    private func expectRecent(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let age = ISO8601DateFormatter().date(from: text).map { -$0.timeIntervalSinceNow }
        #expect(age.map { -5 < $0 && $0 < 600 } == true, "\(text)", sourceLocation: sourceLocation)
    }
}
