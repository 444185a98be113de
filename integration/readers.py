#!/usr/bin/env python3
"""Reads what wirelog writes as Parquet and Arrow with the readers that its users have.

    integration/readers.py [--wirelog build/wirelog] [--venv build/readers] [CAPTURE...]

One run for each form over the captures; DuckDB, pyarrow and polars must find in Parquet and
Arrow the same records, value by value, as in JSON, the documented types, nulls and
empties apart, and read no partition that a condition leaves out. The packages are
installed from PyPI into the folder of --venv; where that is not possible, the script says so
and ends with status 0, as a skipped check.
"""
import argparse
import collections
import datetime
import glob
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PACKAGES = ["duckdb", "pyarrow", "polars", "pytz"]
TYPES = {  # by Zeek's type: DuckDB's
    "time": "TIMESTAMP WITH TIME ZONE", "interval": "DOUBLE", "double": "DOUBLE", "count": "BIGINT",
    "int": "BIGINT", "port": "INTEGER", "bool": "BOOLEAN", "string": "VARCHAR", "enum": "VARCHAR",
    "addr": "VARCHAR", "subnet": "VARCHAR",
}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def install(venv):
    """Runs this script again in a virtual environment with the packages."""
    python = pathlib.Path(venv) / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, stdout=sys.stderr, timeout=300)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True, stdout=sys.stderr, timeout=900)
    except (OSError, subprocess.SubprocessError) as err:
        print(f"SKIPPED: {', '.join(PACKAGES)} cannot be installed: {err}")
        sys.exit(0)
    os.environ["READERS_INSTALLED"] = "installed"
    os.execv(python, [str(python), *sys.argv])


class Check:
    def __init__(self):
        self.failed = 0

    def __call__(self, name, ok, detail=""):
        if not ok:
            self.failed += 1
        print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else ': ' + str(detail)[:2000]}", flush=True)

    def same(self, name, got, want):
        got, want = collections.Counter(got), collections.Counter(want)
        self(f"{name}: {sum(want.values())} records", got == want and want,
             f"only here {list((got - want).items())[:3]}, missing {list((want - got).items())[:3]}")


def value(v):
    """A value as it is compared: that of JSON."""
    if isinstance(v, datetime.datetime):
        return v.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(v, (list, tuple)):
        return [value(e) for e in v]
    if isinstance(v, float) and not math.isfinite(v):
        return None
    if isinstance(v, float) and v.is_integer():
        return int(v)
    return v


def record(row, prefix=""):
    """A row, with structs, as a flat dictionary without nulls."""
    flat = {}
    for name, v in row.items():
        if isinstance(v, dict):
            flat.update(record(v, prefix + name + "."))
        elif value(v) is not None:
            flat[prefix + name] = value(v)
    return flat


def canonical(rows):
    return [json.dumps(record(r), sort_keys=True) for r in rows]


def select(db, sql):
    """The rows of a query as dictionaries."""
    result = db.execute(sql)
    columns = [c[0] for c in result.description]
    return [dict(zip(columns, row)) for row in result.fetchall()]


def run(wirelog, captures, *flags):
    # The exit status tells of damaged captures too; what is missing is seen in the rows.
    result = subprocess.run([wirelog, "read", "-C", "--seed", "readers", "--summary", "none", *flags, *captures],
                            check=False, capture_output=True)
    if result.returncode not in (0, 1):
        sys.exit(result.stderr.decode())
    return result.stdout


def parquet(check, wirelog, captures, tmp, logs):
    import duckdb
    import polars
    import pyarrow.dataset
    import pyarrow.parquet

    tree = tmp / "lake"
    run(wirelog, captures, "--format", "parquet", "-o", str(tree))
    check("parquet: the same logs", {p.name for p in tree.iterdir() if p.name[0] != "."} == set(logs), list(tree.iterdir()))
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for log, want in sorted(logs.items()):
        pattern = f"{tree}/{log}/**/*.parquet"
        files = glob.glob(pattern, recursive=True)
        check.same(f"duckdb: {log}", canonical(select(db, f"SELECT * FROM read_parquet('{pattern}', hive_partitioning = false)")), want)
        table = [r for f in files for r in pyarrow.parquet.ParquetFile(f).read().to_pylist()]
        check.same(f"pyarrow: {log}", canonical(table), want)
        check.same(f"polars: {log}", canonical(polars.concat([polars.read_parquet(f, hive_partitioning=False) for f in files]).to_dicts()), want)

        meta = {k.decode(): v.decode() for k, v in pyarrow.parquet.ParquetFile(files[0]).metadata.metadata.items()}
        fields, types = json.loads(meta["zeek.fields"]), json.loads(meta["zeek.types"])
        described = {}
        for column in fields:
            sql = ".".join(f'"{part}"' for part in column.split("."))
            described[column] = db.execute(f"DESCRIBE SELECT {sql} AS c FROM read_parquet('{pattern}')").fetchone()[1]
        expected = {}
        for column, zeek in zip(fields, types):
            expected[column] = TYPES[zeek] if "[" not in zeek else TYPES[zeek[zeek.index("[") + 1:-1]] + "[]"
        check(f"duckdb: {log}: types", described == expected, [(c, described[c], expected[c]) for c in fields if described[c] != expected[c]])
        check(f"pyarrow: {log}: metadata", meta["wirelog.log"] == log and meta["wirelog.sensor"] and meta["wirelog.version"], meta)

    conn = f"{tree}/conn/**/*.parquet"
    want = collections.Counter(json.loads(r)["id.orig_h"] for r in logs["conn"])
    got = dict(db.execute(f"SELECT id.orig_h, count(*) FROM read_parquet('{conn}') GROUP BY id.orig_h").fetchall())
    check("duckdb: SELECT id.orig_h", got == want, (got, want))
    uid = json.loads(logs["conn"][0])["uid"]
    n = db.execute(f"SELECT count(*) FROM read_parquet('{conn}') WHERE uid = '{uid}'").fetchone()[0]
    check("duckdb: look-up of a uid", n == sum(json.loads(r)["uid"] == uid for r in logs["conn"]), n)

    # Partitions: as many files as the condition leaves, and no other is read.
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

    # Nulls and empties.
    sets = [(log, c) for log, rows in logs.items() for c in sorted({k for r in rows for k, v in json.loads(r).items() if v in ([], "")})]
    for log, column in sets:
        rows = [json.loads(r) for r in logs[log]]
        sql = ".".join(f'"{p}"' for p in column.split("."))
        got = db.execute(f"SELECT count(*) FILTER ({sql} IS NULL), count(*) FILTER (len({sql}) = 0) "
                     f"FROM read_parquet('{tree}/{log}/**/*.parquet')").fetchone()
        check(f"duckdb: {log}.{column}: nulls and empties", got == (sum(column not in r for r in rows), sum(r.get(column) in ([], "") for r in rows)), got)

    flat = tmp / "flat"
    config = tmp / "flat.yaml"
    config.write_text(json.dumps({"outputs": [{"type": "parquet", "dir": str(flat), "flat": True, "partition": "event"}]}))
    run(wirelog, captures, "--config", str(config))
    for log, want in sorted(logs.items()):
        rows = select(db, f"SELECT * FROM read_parquet('{flat}/{log}/**/*.parquet', hive_partitioning = false)")
        check.same(f"duckdb: {log}, flat, by event time", canonical(rows), want)
    wrong = db.execute(f"SELECT count(*) FROM read_parquet('{flat}/conn/**/*.parquet', hive_partitioning = true, hive_types_autocast = false) "
                   "WHERE strftime(ts, '%Y-%m-%d') <> date OR strftime(ts, '%H') <> hour").fetchone()[0]
    check("duckdb: rows are in the hour of their ts", wrong == 0, wrong)


def arrow(check, wirelog, captures, tmp, logs):
    import duckdb
    import polars
    import pyarrow.ipc

    folder = tmp / "arrow"
    run(wirelog, captures, "--format", "arrow", "-o", str(folder))
    check("arrow: the same logs", {p.stem for p in folder.iterdir()} == set(logs), list(folder.iterdir()))
    db = duckdb.connect()
    for log, want in sorted(logs.items()):
        table = pyarrow.ipc.open_file(folder / f"{log}.arrow").read_all()
        table.validate(full=True)
        check.same(f"pyarrow: {log}.arrow", canonical(table.to_pylist()), want)
        check.same(f"polars: {log}.arrow", canonical(polars.read_ipc(folder / f"{log}.arrow").to_dicts()), want)
    stream = run(wirelog, captures, "--format", "arrow", "--logs", "conn", "--output", "-")
    conn = pyarrow.ipc.open_stream(stream).read_all()
    check.same("pyarrow: conn from standard output", canonical(conn.to_pylist()), logs["conn"])
    n = db.execute("SELECT count(id.orig_h) FROM conn").fetchone()[0]
    check("duckdb: SELECT id.orig_h from Arrow", n == len(logs["conn"]), n)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wirelog", default=str(ROOT / "build" / "wirelog"))
    parser.add_argument("--venv", default=str(ROOT / "build" / "readers"))
    parser.add_argument("captures", nargs="*", default=None)
    args = parser.parse_args()
    try:
        import duckdb, polars, pyarrow, pytz  # noqa: F401, E401
    except ImportError as err:
        if os.environ.get("READERS_INSTALLED") == "installed":
            sys.exit(f"installed, and yet: {err}")
        install(args.venv)
    names = ["mixed", "http", "http-odd", "dns-types", "dns-odd", "smb-3-11", "tls", "ssh", "icmp", "gre", "ntlm"]
    captures = args.captures or [str(p) for n in names if (p := ROOT / "testdata" / f"{n}.pcap").exists()]
    check = Check()
    with tempfile.TemporaryDirectory() as name:
        tmp = pathlib.Path(name)
        run(args.wirelog, captures, "--format", "json", "--json-timestamps", "iso8601", "-o", str(tmp / "json"))
        logs = {}
        for path in sorted((tmp / "json").glob("*.log")):
            logs[path.stem] = canonical(json.loads(line) for line in path.read_text().splitlines())
        for part in parquet, arrow:
            part(check, args.wirelog, captures, tmp, logs)
    print(f"{check.failed} checks failed" if check.failed else "all checks passed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
