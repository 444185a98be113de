#!/usr/bin/env python3
"""Kills wirelog (SIGKILL) at random moments while it writes TSV, JSON, Parquet and Arrow.

    integration/kill.py [--kills 20] [--flows 10000] [--wirelog build/wirelog] [--work build/integration] [--keep]

Each run continues in the folders that the previous one has left, and marks its rows in a
column, so that no run can make up for the losses of another. The complete rows that can be
read when a run has been killed, from finished and hidden files, are promised: they must be
in finished files at the end, after a last run that is not killed. There must be no other
rows than those of the capture, the last run must have all of them, no file may be hidden or
damaged, and `wirelog convert` must read all text files.
SEED in the environment selects other moments. integration/prepare installs pyarrow; if that
is not possible, the script says so and exits with status 0, as a skipped check.
"""
import collections
import glob
import gzip
import io
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

from common import make_capture, parser, record, start


def launch(args, capture, folder, number, filters=()):
    config = folder / "wirelog.yaml"
    add = [f"run={number}"]
    config.write_text(json.dumps({"outputs": [
        {"type": "tsv", "dir": str(folder / "tsv"), "rotate": "5m", "compress": "gzip", "add": add},
        {"type": "json", "dir": str(folder / "json"), "rotate_size": 200_000, "add": add},
        {"type": "parquet", "dir": str(folder / "parquet"), "row_group": 400_000, "file_size": 100_000, "add": add},
        {"type": "arrow", "dir": str(folder / "arrow"), "batch": 20_000, "add": add},
    ]}))
    return subprocess.Popen([args.wirelog, "read", "--seed", "kill", "-C", "--summary", "none", "--no-progress",
                             "--config", str(config), *filters, str(capture)], stderr=subprocess.PIPE, text=True)


# Rows are read as pairs: the run that wrote the row, and its columns.

def tsv_rows(text):
    for line in text.split("\n")[:-1]:  # a line without its end is incomplete
        if line and line[0] != "#":
            row, _, run = line.rpartition("\t")
            yield run, row


def json_rows(text):
    for line in text.split("\n")[:-1]:
        row = json.loads(line)
        yield row.pop("run"), json.dumps(row, sort_keys=True)


def typed_rows(table):
    for row in table.to_pylist():
        row = record(row)
        yield row.pop("run"), json.dumps(row, sort_keys=True)


def parquet_rows(data, torn):
    import pyarrow.parquet

    end = len(data)
    while True:
        try:
            return list(typed_rows(pyarrow.parquet.ParquetFile(io.BytesIO(data[:end])).read()))
        except Exception:
            # The file is valid after each row group; what follows may be incomplete.
            if not torn or (end := data.rfind(b"PAR1", 4, max(end - 1, 0)) + 4) < 8:
                if torn:
                    return []
                raise


def arrow_rows(data, torn):
    import pyarrow

    if not torn:
        return list(typed_rows(pyarrow.ipc.open_file(data).read_all()))
    rows = []
    try:
        for batch in pyarrow.ipc.open_stream(data):
            rows += typed_rows(batch)
    except (pyarrow.ArrowInvalid, OSError, EOFError):
        pass
    return rows


def is_hidden(path):
    return path.name[0] == "." or path.parent.name == ".open"


FINISHED = {}  # rows of finished files, by path and time


def rows_of(path, kind):
    """Returns the rows of a file. Finished files are read once."""
    if is_hidden(path):
        return read_file(path, kind)
    key = path, path.stat().st_mtime_ns
    if key not in FINISHED:
        FINISHED[key] = collections.Counter(read_file(path, kind))
    return FINISHED[key]


def read_file(path, kind):
    """Returns the rows of a file; of an unfinished one, only complete rows."""
    hidden = is_hidden(path)
    if path.name.endswith(".tmp"):  # made from another file, which still exists
        return []
    data = path.read_bytes()
    if kind == "parquet":
        return parquet_rows(data, hidden)
    if kind == "arrow":
        return arrow_rows(data, hidden)
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if not hidden and not data.endswith(b"\n"):
        raise ValueError("the last row is incomplete")
    return list({"tsv": tsv_rows, "json": json_rows}[kind](data.decode()))


def logs(folder):
    """Yields the files of the outputs, including hidden ones, each by one name."""
    paths = [p for p in folder.glob("*/**/*") if p.is_file() and ".wirelog" not in p.parts]
    hidden = {(p.stat().st_dev, p.stat().st_ino) for p in paths if is_hidden(p)}
    for path in paths:
        # The current log has its plain name too.
        if is_hidden(path) or (path.stat().st_dev, path.stat().st_ino) not in hidden:
            yield path


def read_tree(folder):
    """Returns the rows by output and log, and the number of unfinished files."""
    rows, hidden = collections.defaultdict(collections.Counter), 0
    for path in logs(folder):
        hidden += is_hidden(path)
        within = path.relative_to(folder)
        kind, log = within.parts[0], "conn" if "conn" in str(within) else "dns"
        try:
            rows[kind, log].update(rows_of(path, kind))
        except Exception as err:
            sys.exit(f"FAIL {path} is damaged: {err!r}")
    return rows, hidden


def main():
    flags = parser(__doc__)
    flags.add_argument("--kills", type=int, default=20)
    flags.add_argument("--flows", type=int, default=10_000, help="number of connections in the capture")
    flags.add_argument("--keep", action="store_true", help="keep the folder with all outputs")
    args = start(flags)
    random.seed(os.environ.get("SEED", "wirelog"))
    tmp = pathlib.Path(tempfile.mkdtemp(prefix="wirelog-kill-"))
    try:
        capture = tmp / "in.pcap"
        make_capture(capture, args.flows, 10)

        folder = tmp / "whole"
        folder.mkdir()
        began = time.monotonic()
        run = launch(args, capture, folder, "0")
        said = run.communicate()[1]
        took = time.monotonic() - began
        if run.returncode != 0:
            sys.exit(f"FAIL the run that is not killed: {said}")
        whole, hidden = read_tree(folder)
        whole = {log: collections.Counter(row for _, row in rows.elements()) for log, rows in whole.items()}
        if len(whole) != 8 or hidden or any(sum(rows.values()) != args.flows for rows in whole.values()):
            sys.exit(f"FAIL the run that is not killed: {[(log, sum(r.values())) for log, r in whole.items()]}, {hidden} hidden files")

        folder = tmp / "killed"
        folder.mkdir()
        promised, killed, number, unfinished = collections.defaultdict(collections.Counter), 0, 0, 0
        while killed < args.kills:
            number += 1
            run = launch(args, capture, folder, str(number))
            try:
                said = run.communicate(timeout=random.uniform(0.02, took))[1]
                if run.returncode != 0:
                    sys.exit(f"FAIL run {number}: {said}")
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                killed += 1
            rows, hidden = read_tree(folder)
            unfinished += hidden
            for log, found in rows.items():
                promised[log] |= found
            # The next run would refuse to replace the finished Arrow files.
            moved = folder / "arrow" / "moved"
            moved.mkdir(parents=True, exist_ok=True)
            for path in (folder / "arrow").glob("*.arrow"):
                path.rename(moved / f"{number}-{path.name}")
        run = launch(args, capture, folder, "last")
        said = run.communicate()[1]
        if run.returncode != 0:
            sys.exit(f"FAIL the last run: {said}")

        rows, hidden = read_tree(folder)
        failed = 0
        for log, want in sorted(whole.items()):
            found = rows[log]
            missing = promised[log] - found
            last = collections.Counter(row for run, row in found.elements() if run == "last")
            strange = {row for _, row in found} - set(want)
            bad = missing or strange or last != want
            failed += bool(bad)
            print(f"{'FAIL' if bad else 'ok  '} {'/'.join(log)}: {sum(promised[log].values())} rows were promised by killed runs, "
                  f"{sum(missing.values())} of them are missing; {sum(found.values()) - len(found)} are duplicates, "
                  f"{len(strange)} are not in the capture; the last run has {sum(last.values())} of {sum(want.values())}", flush=True)
        if hidden:
            failed += 1
            print(f"FAIL hidden files remain: {[str(p) for p in logs(folder) if '/.' in str(p.relative_to(folder))]}")
        for kind in "tsv", "json":
            files = sorted(glob.glob(f"{folder}/{kind}/*.log*"))
            out = subprocess.run([args.wirelog, "convert", "--to", "json", "-o", str(folder / ("from-" + kind)), *files],
                                 check=False, capture_output=True, text=True)
            if out.returncode != 0:
                failed += 1
                print(f"FAIL wirelog convert {kind}: {out.stderr[:2000]}")
        print(f"killed {killed} times in {number} runs of {took:.1f}s, {unfinished} unfinished files, "
              f"{sum(sum(r.values()) for r in promised.values())} rows promised: {failed} checks failed")
        return 1 if failed else 0
    finally:
        if args.keep:
            print(f"kept: {tmp}")
        else:
            shutil.rmtree(tmp, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
