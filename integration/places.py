#!/usr/bin/env python3
"""Writes one run to TSV, JSON, Parquet, Arrow and Kafka at once, and compares the five outputs.

    integration/places.py [--wirelog build/wirelog] [--work build/integration] [--keep FOLDER] [CAPTURE...]

DuckDB reads all five, converts each column to a common form by its Zeek type, and must find
the same records in every log, value by value, with unset and empty kept apart. Times are
compared to the microsecond, intervals and doubles exactly, but with TSV to its six decimals.
The broker is Apache Kafka, on the ports 19092 and 19093 of 127.0.0.1.

With --keep the outputs stay in FOLDER; --compare FOLDER compares those outputs, so that one
can change them and see what the comparison notices.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from common import ALL, Check, header, parser, start, unescape

PLACES = "tsv", "json", "parquet", "arrow", "kafka"
# DuckDB's names for the JSON types that a value may have, by Zeek type.
JSON_TYPES = {"time": {"DOUBLE", "UBIGINT", "BIGINT"}, "interval": {"DOUBLE", "UBIGINT", "BIGINT"},
              "double": {"DOUBLE", "UBIGINT", "BIGINT"}, "count": {"UBIGINT"}, "int": {"UBIGINT", "BIGINT"},
              "port": {"UBIGINT"}, "bool": {"BOOLEAN"}}
SQL_TYPES = {"time": "BIGINT", "interval": "DOUBLE", "double": "DOUBLE", "count": "HUGEINT", "int": "HUGEINT",
             "port": "INTEGER", "bool": "BOOLEAN"}


def element(zeek):
    """Returns the element type of a set or vector, or "" for other types."""
    return zeek[zeek.index("[") + 1:-1] if "[" in zeek else ""


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def from_tsv(c, zeek):
    """Returns an SQL expression for a value of TSV. Unset columns are NULL already."""
    if element(zeek):
        one = from_tsv("e", element(zeek))
        return (f"CASE WHEN {c} = '(empty)' THEN [] ELSE "
                f"list_transform(string_split({c}, ','), lambda e: CASE WHEN e = '-' THEN NULL ELSE {one} END) END")
    match zeek:
        case "time":
            return f"CASE WHEN regexp_full_match({c}, '-?\\d+\\.\\d{{6}}') THEN CAST(replace({c}, '.', '') AS BIGINT) ELSE error('no time: ' || {c}) END"
        case "interval" | "double":
            return f"CAST({c} AS DOUBLE)"
        case "bool":
            return f"CASE {c} WHEN 'T' THEN true WHEN 'F' THEN false ELSE error('no bool: ' || {c}) END"
        case "count" | "int" | "port":
            return f"CAST({c} AS {SQL_TYPES[zeek]})"
    return f"CASE WHEN {c} = '(empty)' THEN '' WHEN contains({c}, '\\') THEN unescape({c}) ELSE {c} END"


def from_json(c, zeek):
    if element(zeek):
        return f"CAST({c} AS {SQL_TYPES.get(element(zeek), 'VARCHAR')}[])"
    match zeek:
        case "time":
            return f"CAST(round(CAST({c} AS DOUBLE) * 1e6) AS BIGINT)"
        case "count" | "int" | "port" | "interval" | "double" | "bool":
            return f"CAST({c} AS {SQL_TYPES[zeek]})"
    return f"{c} ->> '$'"


def from_columns(c, zeek):
    """Returns an SQL expression for a value of Parquet or Arrow, which have typed columns."""
    match zeek:
        case "time":
            return f"epoch_us({c})"
        case "count" | "int":
            return f"CAST({c} AS HUGEINT)"
    return c


def rounded(c, zeek):
    """Returns an SQL expression for a value with the precision of TSV."""
    match zeek, element(zeek):
        case ("interval" | "double"), _:
            return f"printf('%.6f', {c})"
        case _, ("interval" | "double"):
            return f"list_transform({c}, lambda e: printf('%.6f', e))"
    return c


class Logs:
    """The outputs of one run, as DuckDB tables."""

    def __init__(self, check, folder):
        import duckdb

        self.check, self.folder = check, folder
        self.db = duckdb.connect(config={"temp_directory": str(folder / "duckdb"), "memory_limit": "4GB"})
        self.db.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        self.db.create_function("unescape", unescape, ["VARCHAR"], "VARCHAR")

    def table(self, place, log, fields, types):
        """Creates the table PLACE with the columns of a log in their common form."""
        columns = getattr(self, place)(log, fields, types)
        self.db.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT {', '.join(f'{sql} AS {quoted(f)}' for f, sql in zip(fields, columns))} FROM source")

    def tsv(self, log, fields, types):
        rows = self.folder / "rows.tsv"
        with open(self.folder / "tsv" / f"{log}.log", "rb") as f, open(rows, "wb") as out:
            out.writelines(line for line in f if line[:1] != b"#")
        columns = ", ".join(f"{quoted(f)}: 'VARCHAR'" for f in fields)
        self.db.execute(f"""CREATE OR REPLACE TEMP VIEW source AS SELECT * FROM read_csv('{rows}', auto_detect = false, header = false, delim = '\t',
            quote = '', escape = '', nullstr = '-', max_line_size = 20000000, columns = {{{columns}}})""")
        return [from_tsv(quoted(f), t) for f, t in zip(fields, types)]

    def lines(self, path, log, fields, types):
        """Reads JSON lines, and checks that keys are columns of the log and values have their JSON types."""
        columns = ", ".join(f"{quoted(f)}: 'JSON'" for f in fields)
        self.db.execute(f"CREATE OR REPLACE TEMP VIEW source AS SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 100000000)")
        objects = f"read_json_objects('{path}', format = 'newline_delimited')"
        keys = dict(self.db.execute(f"SELECT k, count(*) FROM (SELECT unnest(json_keys(json)) AS k FROM {objects}) GROUP BY k").fetchall())
        values = self.db.execute("SELECT " + ", ".join(f"count({quoted(f)})" for f in fields) + " FROM source").fetchone()
        self.check(f"{log}: keys of {path.parent.name}, none for unset columns", keys == {f: n for f, n in zip(fields, values) if n}, keys)
        kinds = self.db.execute("SELECT " + ", ".join(f"list(DISTINCT json_type({quoted(f)})) FILTER ({quoted(f)} IS NOT NULL)" for f in fields) + " FROM source").fetchone()
        wrong = {f: (t, k) for f, t, k in zip(fields, types, kinds)
                 if not set(k or []) <= ({"ARRAY"} if element(t) else JSON_TYPES.get(t, {"VARCHAR"}))}
        self.check(f"{log}: types of {path.parent.name}", not wrong, wrong)
        return [from_json(quoted(f), t) for f, t in zip(fields, types)]

    def json(self, log, fields, types):
        return self.lines(self.folder / "json" / f"{log}.log", log, fields, types)

    def kafka(self, log, fields, types):
        return self.lines(self.folder / "kafka" / f"{log}.log", log, fields, types)

    def parquet(self, log, fields, types):
        self.db.execute(f"CREATE OR REPLACE TEMP VIEW source AS SELECT * FROM read_parquet('{self.folder}/parquet/{log}/**/*.parquet', hive_partitioning = false)")
        return self.columns(log, fields, types)

    def arrow(self, log, fields, types):
        import pyarrow

        with pyarrow.memory_map(str(self.folder / "arrow" / f"{log}.arrow")) as f:
            self.db.register("arrow_rows", pyarrow.ipc.open_file(f).read_all())
        self.db.execute("CREATE OR REPLACE TEMP VIEW source AS SELECT * FROM arrow_rows")
        return self.columns(log, fields, types)

    def columns(self, log, fields, types):
        names = {f.split(".")[0] for f in fields}
        got = {row[0] for row in self.db.execute("DESCRIBE source").fetchall()}
        # A tree has all columns of a log, null where they were not asked for.
        empty = {c for c in got - names if not self.db.execute(f"SELECT count({quoted(c)}) FROM source").fetchone()[0]}
        self.check(f"{log}: columns", got - empty == names, got ^ names)
        return [from_columns(".".join(quoted(p) for p in f.split(".")), t) for f, t in zip(fields, types)]

    def same(self, log, a, b, fields, types, form=lambda c, zeek: c):
        """Compares the rows of two tables in any order."""
        sql = ", ".join(f"{form(quoted(f), t)} AS {quoted(f)}" for f, t in zip(fields, types))
        rows = [self.db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in (a, b)]
        missing = self.db.execute(f"SELECT {sql} FROM {a} EXCEPT ALL SELECT {sql} FROM {b} LIMIT 3").fetchall()
        if missing:
            extra = self.db.execute(f"SELECT {sql} FROM {b} EXCEPT ALL SELECT {sql} FROM {a} LIMIT 3").fetchall()
        self.check(f"{log}: {rows[0]} records, {a} and {b}", rows[0] == rows[1] > 0 and not missing,
                   f"{rows}; " + (f"only {a} {missing}; only {b} {extra}" if missing else ""))

    def count(self, fields, types, counts):
        """Counts the compared values by kind."""
        lists = [quoted(f) for f, t in zip(fields, types) if element(t)]
        texts = [quoted(f) for f, t in zip(fields, types) if not element(t) and t not in SQL_TYPES]
        total = self.db.execute("SELECT count(*) FROM json").fetchone()[0]
        known = self.db.execute("SELECT " + " + ".join(f"count({quoted(f)})" for f in fields) + " FROM json").fetchone()[0]
        counts.update(records=total, values=known, unset=total * len(fields) - known)
        for name, columns, condition in ("lists", lists, "len({}) > 0"), ("empty lists", lists, "len({}) = 0"), ("empty texts", texts, "{} = ''"):
            for c in columns:
                counts[name] += self.db.execute(f"SELECT count(*) FILTER ({condition.format(c)}) FROM json").fetchone()[0]


def compare(check, folder):
    """Compares the outputs in the five subfolders."""
    logs = Logs(check, folder)
    names = {p: {f.stem if f.is_file() else f.name for f in (folder / p).iterdir() if f.name[0] != "."} for p in PLACES}
    check("the same logs", all(n == names["json"] for n in names.values()) and names["json"], names)
    counts = collections.Counter()
    for log in sorted(set.intersection(*names.values())):
        fields, types = header(folder / "tsv" / f"{log}.log")
        for place in PLACES:
            logs.table(place, log, fields, types)
        logs.same(log, "json", "kafka", fields, types)
        # Parquet and Arrow store 63 bits of a count.
        for place in "parquet", "arrow":
            logs.same(log, "json", place, fields, types, lambda c, t: f"least({c}, 9223372036854775807)" if t == "count" else c)
        logs.same(log, "json", "tsv", fields, types, rounded)
        logs.count(fields, types, counts)
    logs.db.close()
    print(f"{len(names['json'])} logs, each compared in five outputs: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()), flush=True)
    return counts


def write(check, args, folder):
    """Writes the outputs, and the messages of Kafka to files."""
    from broker import ADDR, Broker, messages

    outputs = [{"type": t, "dir": str(folder / t)} for t in PLACES[:-1]] + [{"type": "kafka", "brokers": [ADDR]}]
    config = folder / "wirelog.yaml"
    config.write_text(json.dumps({"outputs": outputs}))
    broker = Broker(folder / "broker", args.work / "libs")
    try:
        broker.wait()
        before, began = broker.cpu(), time.monotonic()
        process = subprocess.Popen([args.wirelog, "read", "-C", "--seed", "places", "--summary", "json", "--no-progress", *ALL,
                                    "--config", str(config), *args.captures], stdout=subprocess.PIPE)
        summary = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        seconds, used = time.monotonic() - began, broker.cpu() - before
        check("the run", os.waitstatus_to_exitcode(status) == 0 or summary["damage"] and not any(d["lost"] for d in summary["dropped"]), summary["dropped"])
        cpu, size = usage.ru_utime + usage.ru_stime, sum(os.path.getsize(c) for c in args.captures)
        rows = sum(log["rows"] for log in summary["logs"])
        print(f"{size / 1e6:.1f} MB, {summary['packets']:,} packets, {summary['connections']:,} connections: {rows:,} records to five outputs in {seconds:.1f} s, "
              f"{size / 1e6 / seconds:.1f} MB/s, {rows / seconds:,.0f} records/s; {cpu / seconds:.2f} cores for wirelog, {used / seconds:.2f} for the broker, "
              f"{usage.ru_maxrss / 1024:.0f} MB at most", flush=True)
        (folder / "kafka").mkdir()
        ids = set()
        for log in sorted({log["log"] for log in summary["logs"] if log["rows"]}):
            with open(folder / "kafka" / f"{log}.log", "wb") as out:
                for _, text, headers in messages(f"zeek-{log}"):
                    out.write(text + b"\n")
                    ids.add(headers["record-id"])
        sent = sum(log["rows"] for log in summary["logs"] if log["output"] == "kafka")
        check(f"kafka: {sent} records, each with its own id", len(ids) == sent, len(ids))
        return {(log["output"], log["log"]): log["rows"] for log in summary["logs"] if log["rows"]}
    finally:
        broker.process.kill()
        broker.process.wait()
        shutil.rmtree(folder / "broker", ignore_errors=True)


def main():
    p = parser(__doc__)
    p.add_argument("--keep", type=pathlib.Path, help="folder for the outputs, which are kept")
    p.add_argument("--compare", type=pathlib.Path, help="folder with outputs of --keep")
    args = start(p)
    check = Check()
    with tempfile.TemporaryDirectory() as name:
        folder = (args.compare or args.keep or pathlib.Path(name)).resolve()
        if not args.compare:
            folder.mkdir(exist_ok=True)
            if any(folder.iterdir()):
                sys.exit(f"{folder} is not empty")
            rows = write(check, args, folder)
        began = time.monotonic()
        counts = compare(check, folder)
        print(f"compared in {time.monotonic() - began:.1f} s")
        if not args.compare:
            told = collections.Counter()
            for (place, _), n in rows.items():
                told[place] += n
            check("the summary counts as many rows for each output", set(told.values()) == {counts["records"]} and set(told) == set(PLACES), told)
    check.end()


if __name__ == "__main__":
    main()
