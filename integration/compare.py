#!/usr/bin/env python3
"""Measures wirelog beside tshark, ndpiReader, argus and softflowd, on the same captures in turn.

    integration/compare.py [--runs 2] [--wirelog build/wirelog] [--work build/compare] CAPTURE...

Prints a table for each capture: elapsed time, CPU time (user and system) and peak resident
memory of the whole process, from the run of a program that took the least CPU time, and the
rows that it wrote. The programs are Debian's: those that are not installed are downloaded
with apt-get and unpacked in the work folder, for which no rights are needed. Without apt-get,
or without its mirrors, the table has only those that are there.

What a row is differs: a log record for wirelog (all logs; "conn" is conn.log alone, "flows" the
same without protocols), a line for each packet for tshark, a flow for ndpiReader, argus and
softflowd. ndpiReader also names protocols; argus and softflowd only count flows, as "flows"
does. softflowd keeps 8,192 flows at most, and sends NetFlow to a port of this machine where
nobody listens.
"""
import argparse
import csv
import json
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from common import ROOT, debian

# Debian's package of each program; the first one measures the others.
PACKAGES = {"time": "time", "tshark": "tshark", "ndpiReader": "libndpi-bin", "argus": "argus-server", "softflowd": "softflowd"}
VERSIONS = {"wirelog": ["version"], "tshark": ["--version"], "ndpiReader": ["-h"], "argus": ["-h"], "softflowd": ["-h"]}


def argus_records(path):
    """Counts the flow records in a file of argus: each begins with its type and its length in words."""
    data, at, n = path.read_bytes(), 0, 0
    while at + 4 <= len(data):
        kind, _, words = struct.unpack_from(">BBH", data, at)
        n += kind & 0xF0 != 0x80  # 0x80 are argus' records about itself
        at += 4 * max(words, 1)
    return n


def programs(wirelog, capture, out):
    """Yields for each program its name, its command, and a function of what it printed that counts its rows."""
    def logs(_):
        summary = json.loads((out / "stdout").read_text(encoding="utf-8"))
        return sum(log["rows"] for log in summary["logs"])

    read = [wirelog, "read", "--overwrite", "--no-progress", "--summary", "json", "-o", out / "logs"]
    yield "wirelog", [*read, capture], logs
    yield "wirelog, 1 core", [*read, "--shards", "1", capture], logs
    yield "wirelog, conn", [*read, "--shards", "1", "--logs", "conn", capture], logs
    yield "wirelog, flows", [*read, "--shards", "1", "--logs", "conn", "--analyzers", "none", capture], logs
    yield "tshark", ["tshark", "-n", "-r", capture], lambda _: sum(1 for _ in open(out / "stdout", "rb"))
    yield "ndpiReader", ["ndpiReader", "-q", "-i", capture, "-C", out / "flows.csv"], \
        lambda _: sum(1 for _ in csv.reader(open(out / "flows.csv", encoding="utf-8", errors="replace", newline=""))) - 1
    yield "argus", ["argus", "-X", "-r", capture, "-w", out / "argus"], lambda _: argus_records(out / "argus")
    yield "softflowd", ["softflowd", "-r", capture, "-n", "127.0.0.1:9995", "-d", "-c", "none", "-p", out / "pid"], \
        lambda text: int(re.search(r"Flows exported: \d+ \((\d+) records\)", text)[1])


def measure(env, command, out):
    """Runs a command; returns its elapsed and CPU seconds, its peak memory in MB, and what it wrote to standard error."""
    # The process is a child of time, not of Python, whose own memory would count.
    with open(out / "stdout", "wb") as stdout, open(out / "stderr", "w+b") as stderr:
        done = subprocess.run(["time", "-q", "-o", out / "time", "-f", "%e %U %S %M", *command],
                              env=env, check=False, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        stderr.seek(0)
        text = stderr.read().decode(errors="replace")
    if done.returncode != 0:
        raise RuntimeError(f"status {done.returncode}: {text[-300:]}")
    elapsed, user, system, kib = (out / "time").read_text().split()[-4:]
    return float(elapsed), float(user) + float(system), int(kib) / 1024, text


def version(env, name, command):
    text = subprocess.run(command, env=env, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if name == "wirelog":
        return text.stdout.split("\n")[0]
    m = re.search(r"\d+\.\d+(?:[\w.-]*\w)?", text.stdout + text.stderr)
    return f"{name} {m[0] if m else '?'}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--wirelog", type=pathlib.Path, default=ROOT / "build" / "wirelog", help="program to compare")
    p.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "compare", help="folder for downloaded programs")
    p.add_argument("--runs", type=int, default=2, help="runs of each program")
    p.add_argument("captures", nargs="+", type=pathlib.Path)
    args = p.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    wirelog = args.wirelog.resolve()
    env, why = debian(args.work.resolve(), PACKAGES)
    if why:
        print("not measured with all programs:", why)
    if not shutil.which("time", path=env["PATH"]):
        sys.exit("compare: needs the program time (Debian's package time)")

    found = [n for n in VERSIONS if n == "wirelog" or shutil.which(n, path=env["PATH"])]
    print(", ".join(version(env, n, [wirelog if n == "wirelog" else n, *VERSIONS[n]]) for n in found))
    print(f"{os.cpu_count()} cores, {platform.machine()}; the better of {args.runs} runs; load at the start {os.getloadavg()[0]:.1f}")
    for capture in args.captures:
        print(f"\n{capture.stem}: {capture.stat().st_size / 1e6:.0f} MB\n", flush=True)
        print("| program | seconds | CPU seconds | MB | rows |\n|---|--:|--:|--:|--:|", flush=True)
        best = {}
        for _ in range(args.runs):  # in turn, so that all meet the same disturbances
            with tempfile.TemporaryDirectory(dir=args.work) as tmp:
                out = pathlib.Path(tmp)
                for name, command, rows in programs(wirelog, capture.resolve(), out):
                    if name.split(",")[0] not in found:
                        continue
                    try:
                        elapsed, cpu, mb, text = measure(env, command, out)
                        if name not in best or best[name] and cpu < best[name][1]:
                            best[name] = elapsed, cpu, mb, rows(text + (out / "stdout").read_text(errors="replace") if name == "softflowd" else text)
                    except (RuntimeError, OSError, TypeError, ValueError) as err:
                        print(f"{name}: {err}", file=sys.stderr)
                        best[name] = None
        for name, b in best.items():
            print(f"| {name} | {b[0]:.2f} | {b[1]:.2f} | {b[2]:.0f} | {b[3]:,} |" if b else f"| {name} | failed | | | |", flush=True)


main()
