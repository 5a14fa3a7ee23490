import MartletKit

struct Pushes {
    static func main() async throws {
        let client = try Client()  // MARTLET_REDIS or REDIS_URL; or a URL: redis://, unix://
        try await client.push("ReportJob", 42, queue: "default", options: ["retry": 5])
        try await client.pushBulk("MailJob", [[1], [2], [3]])
        try await client.schedule(in: 3600, "ReportJob", 42)  // seconds from now; or `at:` a Date
    }
}
