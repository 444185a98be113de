#!/usr/bin/env python3
"""Reads wirelog's Parquet and Arrow files with the readers of its users.

    integration/readers.py [--wirelog build/wirelog] [--work build/integration] [CAPTURE...]

Writes the captures once in each format. DuckDB, pyarrow, polars and Spark must find in Parquet,
and the first three in Arrow, the same records as in JSON, value by value, with the documented
types, and with null and empty kept apart. They must not read partitions that a condition
excludes. integration/prepare installs the readers; if that is not possible, the script says so
and exits with status 0, as a skipped check.
"""
import collections
import glob
import json
import pathlib
import re
import subprocess
import tempfile

from common import ALL, COLUMNS, Check, canonical, objects, parser, run, start

TYPES = {  # DuckDB's type for each Zeek type
    "time": "TIMESTAMP WITH TIME ZONE", "interval": "DOUBLE", "double": "DOUBLE", "count": "BIGINT",
    "int": "BIGINT", "port": "INTEGER", "bool": "BOOLEAN", "string": "VARCHAR", "enum": "VARCHAR",
    "addr": "VARCHAR", "subnet": "VARCHAR",
}
SPARK_TYPES = {"time": "timestamp", "interval": "double", "double": "double", "count": "bigint", "int": "bigint",
               "port": "int", "bool": "boolean", "string": "string", "enum": "string", "addr": "string", "subnet": "string"}


def select(db, sql):
    """Returns the rows of a query as dictionaries."""
    result = db.execute(sql)
    columns = [c[0] for c in result.description]
    return [dict(zip(columns, row)) for row in result.fetchall()]


def parquet(check, wirelog, captures, tmp, logs):
    """Reads Parquet with DuckDB, pyarrow and polars."""
    import duckdb
    import polars
    import pyarrow.dataset
    import pyarrow.parquet

    tree = tmp / "lake"
    run(wirelog, captures, *ALL, "--format", "parquet", "-o", str(tree))
    check("parquet: the same logs", {p.name for p in tree.iterdir() if p.name[0] != "."} == set(logs), list(tree.iterdir()))
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    columns = {}
    for log, want in sorted(logs.items()):
        pattern = f"{tree}/{log}/**/*.parquet"
        files = glob.glob(pattern, recursive=True)
        check.same(f"duckdb: {log}", canonical(select(db, f"SELECT * FROM read_parquet('{pattern}', hive_partitioning = false)")), want)
        table = [r for f in files for r in pyarrow.parquet.ParquetFile(f).read().to_pylist()]
        check.same(f"pyarrow: {log}", canonical(table), want)
        check.same(f"polars: {log}", canonical(polars.concat([polars.read_parquet(f, hive_partitioning=False) for f in files]).to_dicts()), want)

        meta = {k.decode(): v.decode() for k, v in pyarrow.parquet.ParquetFile(files[0]).metadata.metadata.items()}
        fields, types = json.loads(meta["zeek.fields"]), json.loads(meta["zeek.types"])
        columns[log] = dict(zip(fields, types))
        described = {}
        for column in fields:
            sql = ".".join(f'"{part}"' for part in column.split("."))
            described[column] = db.execute(f"DESCRIBE SELECT {sql} AS c FROM read_parquet('{pattern}', hive_partitioning = false)").fetchone()[1]
        expected = {}
        for column, zeek in zip(fields, types):
            expected[column] = TYPES[zeek] if "[" not in zeek else TYPES[zeek[zeek.index("[") + 1:-1]] + "[]"
        check(f"duckdb: {log}: types", described == expected, [(c, described[c], expected[c]) for c in fields if described[c] != expected[c]])
        check(f"pyarrow: {log}: metadata", meta["wirelog.log"] == log and meta["wirelog.sensor"] and meta["wirelog.version"], meta)

    (tmp / "types.json").write_text(json.dumps(columns))

    conn = f"{tree}/conn/**/*.parquet"
    want = collections.Counter(json.loads(r)["id.orig_h"] for r in logs["conn"])
    got = dict(db.execute(f"SELECT id.orig_h, count(*) FROM read_parquet('{conn}') GROUP BY id.orig_h").fetchall())
    check("duckdb: SELECT id.orig_h", got == want, (got, want))
    uid = json.loads(logs["conn"][0])["uid"]
    n = db.execute(f"SELECT count(*) FROM read_parquet('{conn}') WHERE uid = '{uid}'").fetchone()[0]
    check("duckdb: look-up of a uid", n == sum(json.loads(r)["uid"] == uid for r in logs["conn"]), n)

    # Partitions: only the files that match the condition are read.
    parts = collections.Counter(str(pathlib.Path(f).parent.relative_to(tree / "conn")) for f in glob.glob(conn, recursive=True))
    check("partitions: several", len(parts) > 1, parts)
    part, files = next(iter(sorted(parts.items())))
    date, hour = (p.split("=")[1] for p in part.split("/"))
    plan = db.execute(f"EXPLAIN ANALYZE SELECT count(DISTINCT uid) FROM read_parquet('{conn}', hive_partitioning = true, hive_types_autocast = false) "
                  f"WHERE date = '{date}' AND hour = '{hour}'").fetchone()[1]
    scanned = re.search(r"Scanning Files:\s*(\d+)/(\d+)", plan)
    check("duckdb: partition pruning", scanned and scanned.groups() == (str(files), str(sum(parts.values()))), plan)
    data = pyarrow.dataset.dataset(str(tree / "conn"), partitioning="hive", exclude_invalid_files=False)
    field = pyarrow.dataset.field
    kinds = {f.name: f.type for f in data.schema}
    condition = (field("date") == pyarrow.scalar(date).cast(kinds["date"])) & (field("hour") == pyarrow.scalar(hour).cast(kinds["hour"]))
    check("pyarrow: partition pruning", len(list(data.get_fragments(condition))) == files, files)
    lazy = polars.scan_parquet(conn, hive_partitioning=True)
    count = lazy.filter(polars.col("date").cast(str) == date).select(polars.len()).collect().item()
    check("polars: partitions", count == db.execute(f"SELECT count(*) FROM read_parquet('{conn}', hive_partitioning = true, "
                                                f"hive_types_autocast = false) WHERE date = '{date}'").fetchone()[0], count)

    # Nulls and empty values.
    sets = [(log, c) for log, rows in logs.items() for c in sorted({k for r in rows for k, v in json.loads(r).items() if v in ([], "")})]
    for log, column in sets:
        rows = [json.loads(r) for r in logs[log]]
        sql = ".".join(f'"{p}"' for p in column.split("."))
        got = db.execute(f"SELECT count(*) FILTER ({sql} IS NULL), count(*) FILTER (len({sql}) = 0) "
                     f"FROM read_parquet('{tree}/{log}/**/*.parquet')").fetchone()
        check(f"duckdb: {log}.{column}: nulls and empties", got == (sum(column not in r for r in rows), sum(r.get(column) in ([], "") for r in rows)), got)

    flat = tmp / "flat"
    config = tmp / "flat.yaml"
    config.write_text(json.dumps({"outputs": [{"type": "parquet", "dir": str(flat), "flat": True, "partition": "event", "rename": ["smtp:date=sent"]}]}))
    run(wirelog, captures, *ALL, "--config", str(config))
    for log, want in sorted(logs.items()):
        rows = select(db, f"SELECT * FROM read_parquet('{flat}/{log}/**/*.parquet', hive_partitioning = false)")
        rows = [{"date" if c == "sent" else c: v for c, v in r.items()} for r in rows]
        check.same(f"duckdb: {log}, flat, by event time", canonical(rows), want)
    # A column with the name of a partition column is visible only if renamed.
    sent = collections.Counter(json.loads(r).get("date") for r in logs["smtp"]) if "smtp" in logs else {}
    renamed = f"SELECT sent, count(*) FROM read_parquet('{flat}/smtp/**/*.parquet', hive_partitioning = true) WHERE date > DATE '1970-01-01' GROUP BY sent"
    check("duckdb: smtp's date with rename", not sent or dict(db.execute(renamed).fetchall()) == sent, sent)
    wrong = db.execute(f"SELECT count(*) FROM read_parquet('{flat}/conn/**/*.parquet', hive_partitioning = true, hive_types_autocast = false) "
                   "WHERE strftime(ts, '%Y-%m-%d') <> date OR strftime(ts, '%H') <> hour").fetchone()[0]
    check("duckdb: rows are in the hour of their ts", wrong == 0, wrong)


def converted(check, wirelog, captures, tmp, logs):
    """Reads what wirelog convert has written, and has it read what DuckDB has written."""
    import duckdb
    import polars
    import pyarrow.ipc
    import pyarrow.parquet

    def convert(*args, stdout=None):
        return subprocess.run([wirelog, "convert", "-q", *map(str, args)], check=True, stdout=stdout)

    tree = tmp / "small"
    for capture in captures:  # some runs with more columns than others
        run(wirelog, [capture], *(ALL if "http" in capture else ALL[4:]), "--format", "parquet", "-o", str(tree))
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")

    def rows(log):
        return canonical(select(db, f"SELECT * FROM read_parquet('{tree}/{log}/**/*.parquet', hive_partitioning = false)"))

    before = {log: rows(log) for log in logs}
    columns = {frozenset(pyarrow.parquet.read_schema(p).names) for p in tree.glob("conn/**/*.parquet")}
    check("all files of a lake have the same columns", len(columns) == 1, columns)
    files = len(list(tree.glob("**/*.parquet")))
    convert(tree, "--compact")
    folders = {p.parent for p in tree.glob("**/*.parquet")}
    check("compact: one file a folder", len(list(tree.glob("**/*.parquet"))) == len(folders) < files, files)
    for log, want in sorted(before.items()):
        check.same(f"duckdb: {log}, compact", rows(log), want)
    for log in sorted(logs):
        # DuckDB's JSON has nested objects, null, and times with a space and an offset.
        for form in "false", "true":
            path = tmp / f"{log}-{form}.json"
            db.execute(f"COPY (SELECT * FROM read_parquet('{tree}/{log}/**/*.parquet', hive_partitioning = false)) TO '{path}' (FORMAT json, ARRAY {form})")
            convert(path, "--log", log, "--to", "json", "--json-timestamps", "iso8601", "-o", tmp / f"from-{form}-{log}")
            check.same(f"convert: {log} from DuckDB's JSON, array {form}", canonical(objects(tmp / f"from-{form}-{log}" / f"{log}.log")), before[log])
        stream = convert_stream(wirelog, tree / log, log)
        check.same(f"pyarrow: {log}, convert -o -", canonical(pyarrow.ipc.open_stream(stream).read_all().to_pylist()), before[log])
        path = tmp / f"{log}.csv"
        with open(path, "wb") as out:
            convert(tree / log, "--logs", log, "--to", "csv", "-o", "-", stdout=out)
        n = db.execute(f"SELECT count(*) FROM read_csv('{path}', header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ',')").fetchone()[0]
        frame = polars.read_csv(path, infer_schema_length=0, truncate_ragged_lines=False)
        check(f"csv: {log}: {n} rows", n == frame.height == len(before[log]), (n, frame.height, len(before[log])))


def convert_stream(wirelog, path, log):
    return subprocess.run([wirelog, "convert", str(path), "--logs", log, "--to", "arrow", "-o", "-"], check=True, stdout=subprocess.PIPE).stdout


def arrow(check, wirelog, captures, tmp, logs):
    import duckdb
    import polars
    import pyarrow.ipc

    folder = tmp / "arrow"
    run(wirelog, captures, *ALL, "--format", "arrow", "-o", str(folder))
    check("arrow: the same logs", {p.stem for p in folder.iterdir() if p.name[0] != "."} == set(logs), list(folder.iterdir()))
    db = duckdb.connect()
    for log, want in sorted(logs.items()):
        table = pyarrow.ipc.open_file(folder / f"{log}.arrow").read_all()
        table.validate(full=True)
        check.same(f"pyarrow: {log}.arrow", canonical(table.to_pylist()), want)
        check.same(f"polars: {log}.arrow", canonical(polars.read_ipc(folder / f"{log}.arrow").to_dicts()), want)
    stream = run(wirelog, captures, *COLUMNS, "--format", "arrow", "--logs", "conn", "--output", "-")
    conn = pyarrow.ipc.open_stream(stream).read_all()
    check.same("pyarrow: conn from standard output", canonical(conn.to_pylist()), logs["conn"])
    n = db.execute("SELECT count(id.orig_h) FROM conn").fetchone()[0]
    check("duckdb: SELECT id.orig_h from Arrow", n == len(logs["conn"]), n)


def spark(check, wirelog, captures, tmp, logs):
    """Reads the tree that parquet() has written with Spark."""
    from pyspark.sql import SparkSession, functions

    tree = tmp / "lake"
    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false").config("spark.sql.session.timeZone", "UTC")
               .config("spark.driver.memory", "1g").config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.adaptive.enabled", "false")
               .config("spark.sql.shuffle.partitions", "2").config("spark.log.level", "ERROR").getOrCreate())

    def scanned(query):
        """Returns the number of files and partitions that a query reads, from its plan, and the plan."""
        query.collect()
        plan = query._jdf.queryExecution().executedPlan()
        metrics = plan.collectLeaves().apply(0).metrics()
        return metrics.apply("numFiles").value(), metrics.apply("numPartitions").value(), plan.toString()

    for log, want in sorted(logs.items()):
        meta = json.loads((tmp / "types.json").read_text())[log]
        table = session.read.parquet(str(tree / log))
        columns = dict(table.dtypes)
        check(f"spark: {log}: columns of the partitions", (columns["date"], columns["hour"]) == ("date", "int"), table.dtypes)
        if meta.keys() & {"date", "hour"}:  # hidden by the partition columns, but in the files
            table = session.read.parquet(*map(str, (tree / log).glob("**/*.parquet")))
        else:
            table = table.drop("date", "hour")
        got = {c: table.select(".".join(f"`{part}`" for part in c.split("."))).dtypes[0][1] for c in meta}
        types = {c: SPARK_TYPES[t] if "[" not in t else f"array<{SPARK_TYPES[t[t.index('[') + 1:-1]]}>" for c, t in meta.items()}
        check(f"spark: {log}: types", got == types, [(c, got[c], types[c]) for c in types if got[c] != types[c]])
        if "id.orig_h" in meta:
            check(f"spark: {log}: struct id", columns["id"] == "struct<orig_h:string,orig_p:int,resp_h:string,resp_p:int>", columns["id"])
        rows = [r.asDict(recursive=True) for r in table.collect()]
        check.same(f"spark: {log}", canonical(rows), want)

    conn = session.read.parquet(str(tree / "conn"))
    parts = collections.Counter(str(p.parent.relative_to(tree / "conn")) for p in (tree / "conn").glob("**/*.parquet"))
    part, files = min(parts.items())
    date, hour = (p.split("=")[1] for p in part.split("/"))
    total = scanned(conn.groupBy("proto").count())
    check("spark: all partitions", total[:2] == (sum(parts.values()), len(parts)), total)
    some = session.sql(f"SELECT id.orig_h, count(*) AS n FROM parquet.`{tree}/conn` WHERE date = '{date}' AND hour = {int(hour)} GROUP BY id.orig_h")
    pruned = scanned(some)
    check(f"spark: partition pruning, {files} of {sum(parts.values())} files", pruned[:2] == (files, 1) and "PartitionFilters: [isnotnull(date" in pruned[2], pruned)
    kept = conn.where((functions.col("date") == date) & (functions.col("hour") == int(hour))).count()
    check("spark: rows of the partition", sum(r["n"] for r in some.collect()) == kept > 0, kept)
    session.stop()


def main():
    args = start(parser(__doc__))
    check = Check()
    with tempfile.TemporaryDirectory() as name:
        tmp = pathlib.Path(name)
        run(args.wirelog, args.captures, *ALL, "--format", "json", "--json-timestamps", "iso8601", "-o", str(tmp / "json"))
        logs = {path.stem: canonical(objects(path)) for path in sorted((tmp / "json").glob("*.log"))}
        for part in parquet, arrow, converted, spark:
            part(check, args.wirelog, args.captures, tmp, logs)
    check.end()


if __name__ == "__main__":
    main()
