# A program with some 200 MB of objects, as one that has loaded a framework and its tables. For `bench fork`.
import martlet

rows = [{"id": number, "name": "row %d" % number, "tags": ["tag %d" % (number % 100), number * 1.5]}
        for number in range(430_000)]


@martlet.job("Look")
def look(start, step):
    """Looks at one row in a hundred, which writes to the pages they are in: that is where counts of references are."""
    return sum(len(rows[number]["name"]) for number in range(start, start + step * 4300, step))


if __name__ == "__main__":
    martlet.run()
