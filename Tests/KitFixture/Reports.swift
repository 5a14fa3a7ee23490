import MartletKit

struct Reports {
    static func main() async {
        var martlet = Martlet()
        martlet.job("ReportJob") { (run: Run, user: Int, pages: Int?) in
            for page in 1...(pages ?? 10) {
                try run.check()  // throws if the job is to be given up
                run.progress(Double(100 * page / (pages ?? 10)), "page \(page)")
            }
            run.log(.info, "made the report of \(user)")
            try run.push("MailJob", user)  // enqueued together with this job's end, or not at all
        }
        martlet.job("MailJob") { (run: Run, user: Int) in
            if run.attempt > 3 { throw Dead("user \(user) cannot be reached") }
        }
        await martlet.run()
    }
}
