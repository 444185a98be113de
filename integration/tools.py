#!/usr/bin/env python3
"""Reads wirelog's TSV and JSON with tools that were made for Zeek's logs.

    integration/tools.py [--wirelog build/wirelog] [--work build/integration] [CAPTURE...]

Writes the captures once to TSV and JSON. zat (its row reader and its data frames) and Miller
must find the same values in TSV as in JSON; Miller must also read JSON. JSON must have the keys
that Filebeat's Zeek module expects, which integration/filebeat.json lists by fileset. If BEATS
names a checkout of github.com/elastic/beats, wirelog converts the test logs in it to TSV and
back.
"""
import contextlib
import datetime
import io
import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from common import ALL, CAPTURES, Check, ROOT, header, objects, parser, start, unescape

# Captures of the logs that only Filebeat's module is checked for.
MORE = ["dhcp", "dnp3", "ntp", "radius", "rfb", "sip", "snmp", "syslog"]

NUMBERS = {"count": int, "int": int, "port": int, "double": float, "interval": float, "time": float}


def rows(path):
    """Returns the rows of a TSV log as lists of texts."""
    with open(path, encoding="utf-8", newline="\n") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def parsed(text, zeek):
    """Returns the JSON value for a text of TSV; None if unset."""
    if text == "-":
        return None
    if "[" in zeek:
        return [] if text == "(empty)" else [parsed(e, zeek[zeek.index("[") + 1:-1]) for e in text.split(",")]
    if zeek == "bool":
        return {"T": True, "F": False}[text]
    if zeek in NUMBERS:
        return NUMBERS[zeek](text)
    return "" if text == "(empty)" else unescape(text)


def near(a, b):
    """Reports whether values are equal, numbers to the six decimals of TSV."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        return abs(a - b) < 1e-6
    return type(a) is type(b) and a == b


def zat(check, tsv, logs):
    """Reads TSV in both of zat's ways."""
    import pandas
    from zat.log_to_dataframe import LogToDataFrame
    from zat.zeek_log_reader import ZeekLogReader

    values = 0
    for log, want in logs.items():
        path = tsv / f"{log}.log"
        fields, types = header(path)
        with contextlib.redirect_stdout(io.StringIO()):
            got = list(ZeekLogReader(str(path), strict=True).readrows())
        wrong = []
        for row, record in zip(got, want):
            for field, zeek in zip(fields, types):
                v, w = row[field], record.get(field)
                if isinstance(v, datetime.datetime):
                    v = v.timestamp()
                elif isinstance(v, datetime.timedelta):
                    v = v.total_seconds()
                elif isinstance(v, str):
                    v = parsed(v, zeek)
                if w is None:  # zat returns a default of the type
                    w = {"bool": False, "time": 86400.0, "interval": 0.0, "double": 0.0}.get(zeek, 0 if zeek in NUMBERS else None)
                values += 1
                if not near(v, w):
                    wrong.append((field, v, w))
        check(f"zat: {log}: {len(want)} rows", len(got) == len(want) and not wrong, wrong[:3])

        # zat has pandas take # for a comment and " for a quote anywhere, and None for unset.
        if re.search(r'^[^#\n].*([#"]|\tNone\t)', path.read_text(encoding="utf-8"), re.M):
            print(f"     zat: {log}: no data frame, a value has # or \", or is None")
            continue
        frame = LogToDataFrame().create_dataframe(str(path), ts_index=False, aggressive_category=False)
        wrong = [] if len(frame) == len(want) else [("rows", len(frame))]
        for field, zeek in zip(fields, types):
            for v, record in zip(frame[field], want):
                w = record.get(field)
                if pandas.isna(v):
                    v = None
                elif zeek == "time":
                    v = v.timestamp()
                elif zeek == "interval":
                    v = v.total_seconds()
                elif isinstance(v, str):
                    v = parsed(v, zeek)
                else:
                    v = float(v) if zeek == "double" else int(v)
                # zat has times as doubles, like JSON.
                if not near(v, w):
                    wrong.append((field, v, w))
        check(f"zat: {log}: data frame", not wrong, wrong[:3])
    print(f"     zat: {values:,} values")


def mlr(*args, data=None):
    return json.loads(subprocess.run(["mlr", *args], input=data, check=True, capture_output=True, text=True).stdout)


def miller(check, tsv, folder, logs):
    """Reads TSV and JSON with Miller."""
    for log, want in logs.items():
        path = tsv / f"{log}.log"
        fields, types = header(path)
        # For Miller the first line has the names; other lines with # are skipped.
        text = path.read_text(encoding="utf-8").replace("#fields\t", "", 1)
        got = mlr("--itsvlite", "--ojson", "--skip-comments", "--no-auto-unflatten", "-S", "cat", data=text)
        wrong = [(f, row[f], record.get(f)) for row, record in zip(got, want) for f, t in zip(fields, types) if not near(parsed(row[f], t), record.get(f))]
        check(f"mlr: {log}: {len(want)} rows of TSV", len(got) == len(want) and not wrong, wrong[:3])
        check(f"mlr: {log}: JSON", mlr("--json", "cat", str(folder / f"{log}.log")) == want)
    sums = {}
    for r in logs["conn"]:
        n, size = sums.get(r["proto"], (0, 0))
        sums[r["proto"]] = n + 1, size + r.get("orig_bytes", 0)
    for name, flags, data in (("JSON", ["--json"], (folder / "conn.log").read_text()),
                              ("TSV", ["--itsvlite", "--ojson", "--skip-comments"], (tsv / "conn.log").read_text().replace("#fields\t", "", 1))):
        got = mlr(*flags, "put", '$orig_bytes = is_numeric($orig_bytes) ? $orig_bytes : 0', "then", "stats1", "-a", "count,sum", "-f", "orig_bytes", "-g", "proto", data=data)
        got = {r["proto"]: (r["orig_bytes_count"], r["orig_bytes_sum"]) for r in got}
        check(f"mlr: bytes by protocol, {name}", got == sums and any(size for _, size in sums.values()), (got, sums))


def address(v):
    try:
        ipaddress.ip_address(v)
        return True
    except ValueError:
        return False


def is_a(kind, v):
    """Reports whether Elasticsearch accepts the value, or each of a list, for a field of the type."""
    if isinstance(v, list):
        return all(is_a(kind, e) for e in v)
    match kind:
        case "long":
            return type(v) is int and -1 << 63 <= v < 1 << 63
        case "double":
            return type(v) in (int, float)
        case "date":  # the pipelines accept only UNIX times
            return type(v) in (int, float)
        case "boolean":
            return type(v) is bool
        case "ip":
            return type(v) is str and address(v)
    return type(v) is str


def filebeat(check, wirelog, logs, default):
    """Checks that JSON has what Filebeat's filesets for Zeek expect."""
    filesets = json.loads((ROOT / "integration" / "filebeat.json").read_text())["filesets"]
    for name, fileset in filesets.items():
        log, fields = fileset["log"], fileset["fields"]
        schema = json.loads(subprocess.run([wirelog, "schema", log, "--format", "json-schema"], check=True, capture_output=True).stdout)["properties"]
        missing = fields.keys() - schema.keys()
        check(f"filebeat: {name}: keys of the schema", not missing, missing)
        check(f"filebeat: {name}: none of the absent keys", not schema.keys() & set(fileset["absent"]), schema.keys() & set(fileset["absent"]))
        wrong, seen = [], set()
        for r in logs.get(log, []):
            seen |= r.keys() & fields.keys()
            wrong += [(k, r[k]) for k in r.keys() & fields.keys() if not is_a(fields[k], r[k])]
            wrong += [(k, r[k]) for k, p in fileset.get("patterns", {}).items() if k in r and not re.fullmatch(p, r[k])]
            wrong += [(a, b) for a, b in fileset.get("same_length", []) if len(r.get(a, [])) != len(r.get(b, []))]
            # Filebeat takes dots for structure: a key with a value may not contain others.
            wrong += [(k, o) for k in r for o in r if o.startswith(k + ".")]
            wrong += [(k, "not in the schema") for k in r.keys() - schema.keys()]
            if not is_a("date", r.get("ts")) or not 0 < r["ts"] < 1 << 32:
                wrong.append(("ts", r.get("ts")))
        rows = len(logs.get(log, []))
        check(f"filebeat: {name}: {rows} rows, {len(seen)} of {len(fields)} keys", not wrong, wrong[:3])
        if default:
            check(f"filebeat: {name}: has rows", rows > 0 or name in ("pe", "socks"))


def fixtures(check, wirelog, tmp):
    """Converts Filebeat's own test logs to TSV and back with wirelog convert."""
    beats = os.environ.get("BEATS")
    if not beats:
        print("     filebeat: test logs not converted: BEATS names no checkout of github.com/elastic/beats")
        return
    module = pathlib.Path(beats) / "x-pack" / "filebeat" / "module" / "zeek"
    paths = sorted(p for p in module.glob("*/test/*.log") if p.read_bytes()[:1] == b"{")
    check(f"filebeat: test logs in {module}", paths)
    for path in paths:
        name = path.parent.parent.name
        log = {"connection": "conn"}.get(name, name)
        folder = tmp / "fixtures" / path.stem
        (folder / "in").mkdir(parents=True)
        shutil.copy(path, folder / "in" / f"{log}.log")
        for source, to in ("in", "tsv"), ("tsv", "json"):
            done = subprocess.run([wirelog, "convert", "-q", str(folder / source / f"{log}.log"), "--to", to, "-o", str(folder / to)], check=False, capture_output=True, text=True)
            check(f"filebeat: {path.name} to {to}", done.returncode == 0, done.stderr)
            if done.returncode != 0:
                break
        else:
            want, got = objects(path), objects(folder / "json" / f"{log}.log")
            for r in want:
                if isinstance(r["ts"], str):
                    r["ts"] = datetime.datetime.fromisoformat(r["ts"]).timestamp()
            wrong = [(k, r.get(k), w.get(k)) for r, w in zip(got, want) for k in r.keys() | w.keys() if not near(r.get(k), w.get(k))]
            check(f"filebeat: {path.name}: {len(want)} rows", len(got) == len(want) and not wrong, wrong[:3])


def main():
    args = start(parser(__doc__))
    check = Check()
    default = args.captures == [str(ROOT / "testdata" / f"{n}.pcap") for n in CAPTURES]
    if default:
        args.captures += [str(ROOT / "testdata" / f"{n}.pcap") for n in MORE]
    with tempfile.TemporaryDirectory() as name:
        tmp = pathlib.Path(name)
        config = tmp / "wirelog.yaml"
        config.write_text(json.dumps({"outputs": [{"type": t, "dir": str(tmp / t)} for t in ("tsv", "json")]}))
        done = subprocess.run([args.wirelog, "read", "-C", "--seed", "tools", "--summary", "none", *ALL, "--config", str(config), *args.captures],
                              check=False, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr)
        logs = {p.stem: objects(p) for p in sorted((tmp / "json").glob("*.log"))}
        check("the same logs", logs.keys() == {p.stem for p in (tmp / "tsv").glob("*.log")} and logs)
        zat(check, tmp / "tsv", logs)
        miller(check, tmp / "tsv", tmp / "json", logs)
        filebeat(check, args.wirelog, logs, default)
        fixtures(check, args.wirelog, tmp)
    check.end()


if __name__ == "__main__":
    main()
