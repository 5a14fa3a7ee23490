import martlet


@martlet.job("BenchJob")
def nothing(*args):
    pass
