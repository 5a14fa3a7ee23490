const { job } = await import(process.argv[1]);

job("BenchJob", async () => {});
