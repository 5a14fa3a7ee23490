import Foundation
import Platform
import TestSupport
import Testing

/// A headless Chromium that a test clicks through, by the WebDriver protocol (W3C). Every wait has an end.
final class Browser {
    private let driver: Companion
    private let port: UInt16
    private var session = ""

    /// Why there is none, in words; nil if there is.
    static let trouble: String? = {
        for program in ["chromium", "chromedriver"] {
            let result = Program.run(["/usr/bin/env", program, "--version"])
            if result.code != 0 { return "\(program) does not run; `make test-deps` installs it: \(result.errors)" }
        }
        return nil
    }()

    init() throws {
        let driver = Companion("chromedriver", ["chromedriver", "--port=0"])
        self.driver = driver
        var port: UInt16?
        eventually(within: 60, "the driver listens: \(driver.log)") {
            port = driver.log.firstMatch(of: /started successfully on port (\d+)/).flatMap { UInt16($0.1) }
            return port != nil
        }
        self.port = port ?? 0
        let profile = driver.directory.path + "/profile"
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--window-size=1400,1000", "--lang=en", "--user-data-dir=\(profile)",
        ]
        let value = try send(
            "POST", "/session",
            ["capabilities": ["alwaysMatch": ["goog:chromeOptions": ["args": arguments]]]])
        session = try #require((value as? [String: Any])?["sessionId"] as? String, "\(value) \(driver.log)")
    }

    deinit { end() }

    func end() {
        // The driver ends the browser; whatever is left of either is killed with it.
        if !session.isEmpty { _ = try? send("DELETE", "/session/\(session)", nil) }
        session = ""
        driver.end()
    }

    // MARK: What a person does

    func open(_ url: String) throws { _ = try ask("POST", "/url", ["url": url]) }

    func reload() throws { _ = try ask("POST", "/refresh", [:]) }

    /// What is to be seen of the page, or of what a CSS selector finds in it.
    func text(_ selector: String = "body") throws -> String { try texts(selector).joined(separator: "\n") }

    /// What is to be seen of each element.
    func texts(_ selector: String) throws -> [String] {
        try evaluate("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())", selector)
            as? [String] ?? []
    }

    /// An attribute of each element.
    func attributes(_ name: String, of selector: String) throws -> [String] {
        try evaluate(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.getAttribute(arguments[1]) ?? '')",
            selector,
            name) as? [String] ?? []
    }

    /// Clicks the only element that an XPath finds, as a mouse would, and waits until the page that follows is there.
    func click(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let found = try ask("POST", "/elements", ["using": "xpath", "value": path]) as? [[String: String]] ?? []
        let page = try text()
        let element = try #require(
            found.count == 1 ? found[0].values.first : nil, "\(found.count) of \(path) in: \(page)",
            sourceLocation: sourceLocation)
        _ = try ask("POST", "/element/\(element)/click", [:])
    }

    /// Writes a picture of the page.
    func screenshot(to path: String) throws {
        let text = try ask("GET", "/screenshot", nil) as? String ?? ""
        try Data(base64Encoded: text)?.write(to: URL(fileURLWithPath: path))
    }

    private func evaluate(_ script: String, _ arguments: String...) throws -> Any {
        try ask("POST", "/execute/sync", ["script": script, "args": arguments])
    }

    // MARK: The wire

    private func ask(_ method: String, _ path: String, _ body: [String: Any]?) throws -> Any {
        try send(method, "/session/\(session)\(path)", body)
    }

    private func send(_ method: String, _ path: String, _ body: [String: Any]?) throws -> Any {
        let data = try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data()
        let answer = try HTTP.fetch(port, path, method: method, body: data)
        let object = JSON.object(answer.text)
        guard answer.status == 200, let value = object["value"] else { throw HTTP.Refusal(answer: answer.text) }
        return value
    }
}
