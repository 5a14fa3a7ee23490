BenchJob() { :; }
