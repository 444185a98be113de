#!/usr/bin/env python3
"""Measures `wirelog listen` under load, on a wire of its own: what it can take, and what twenty minutes do to it.

    integration/load.py [--seconds 1200] [--wirelog build/wirelog] [--work build/load] [--shared ../shared] [PART...]

The parts, all of them if none is named:

rates    The highest rate without loss of each capture of --shared, of `wirelog listen` with one and two shards and all
         logs as TSV, beside that of tcpdump that writes to /dev/null, with rings of 64 MiB. tcpreplay sends, on the same
         machine, as fast as it can and then at rates between which the highest is searched for. A rate is held if
         every packet that was sent was read.
lasting  The highest rate of `mix` that is held for three minutes, by connections that are always new (what fits into
         the rings hardly counts then): from the rate that rates has found, or --pps, downwards by an eighth.
soak     `mix` for --seconds at 80 % of the rate that lasting has found, or at --pps: memory, descriptors and goroutines
         every five seconds, drawn as load.svg in the work folder; both balances at the end, the rows of the files
         included; and the latency of the rows of dns in their files: between the answer, as the row has it, and the
         moment that the row can be read.
kafka    The same latency of rows in a topic of an Apache Kafka broker on this machine, for two minutes, at a quarter of the rate.

It takes root and a quiet machine.
"""
import argparse
import collections
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

from common import ROOT, Check
from wire import Wire, prepare, skip, wait_for

CAPTURES = {"mix": 300, "short": 200, "scan": 70}  # MB
RING = 64  # MiB, as tcpdump's buffer
LONG_RING = 256  # MiB over minutes, in which other guests of a machine take a core away for seconds
METRICS = "127.0.0.1:9109"
CLONE_NEWNET = 0x40000000


def enter(namespace):
    """Moves this thread, and what it starts, into a network namespace."""
    with open(f"/run/netns/{namespace}", "rb") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def send(wire, capture, *flags):
    """Sends a capture; returns how many packets, and how many a second."""
    sent = wire.run("tcpreplay", "-q", "-K", "-i", "tx", *flags, capture, end="tx", check=False)
    if sent.returncode != 0:
        sys.exit("tcpreplay: " + sent.stderr)
    count, seconds = re.search(r"Actual: (\d+) packets .* sent in ([\d.]+) seconds", sent.stdout).groups()
    return int(count), int(count) / float(seconds)


def ended(process):
    """Waits for the end of a process, and returns what it has used."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used


class Tcpdump:
    def __init__(self, args, wire):
        self.err = args.work / "tcpdump.err"
        with open(self.err, "wb") as err:
            self.process = subprocess.Popen(["tcpdump", "-i", "rx", "-n", "-s", "0", "-B", str(RING << 10), "-w", "/dev/null"], env=wire.env, stderr=err)
        wire.started.append(self.process)
        wait_for("tcpdump", lambda: "listening on" in self.err.read_text(encoding="utf-8"))

    def end(self):
        """Returns how many packets it has had, and its CPU seconds."""
        time.sleep(1)
        self.process.send_signal(signal.SIGTERM)
        used = ended(self.process)
        return int(re.search(r"(\d+) packets captured", self.err.read_text(encoding="utf-8"))[1]), used.ru_utime + used.ru_stime


class Listener:
    """A `wirelog listen` with the settings of one output, by default of files that are not rotated."""

    def __init__(self, args, wire, *flags, ring=RING, **output):
        self.logs, self.err, self.out = args.work / "logs", args.work / "wirelog.err", args.work / "wirelog.json"
        shutil.rmtree(self.logs, ignore_errors=True)
        config = args.work / "wirelog.yaml"
        config.write_text(json.dumps({"outputs": [output if "type" in output else {"type": "tsv", "dir": str(self.logs), **output}]}), encoding="utf-8")
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            command = [args.wirelog, "listen", "--summary", "json", "--ring", f"{ring}MiB", "--config", config, *flags, "rx"]
            self.process = subprocess.Popen(list(map(str, command)), env=wire.env, stdout=out, stderr=err)
        wire.started.append(self.process)
        wait_for(f"{self.err} does not listen", lambda: "listening to" in self.err.read_text(encoding="utf-8") or self.process.poll() is not None)
        if self.process.poll() is not None:
            sys.exit(self.err.read_text(encoding="utf-8"))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        used = ended(self.process)
        self.summary = json.loads(self.out.read_text(encoding="utf-8") or "{}")
        if not self.summary:
            sys.exit(self.err.read_text(encoding="utf-8"))
        return self.summary["interfaces"][0]["read"], used.ru_utime + used.ru_stime


def rates(args, wire, check):
    receivers = {"tcpdump": lambda: Tcpdump(args, wire),
                 **{f"wirelog, {n} shard{'s' * (n > 1)}": lambda n=n: Listener(args, wire, "--shards", n) for n in (1, 2)}}
    found = {}
    print("| capture | program | packets/s without loss | packets/s and core | of tcpdump's |\n|---|---|--:|--:|--:|", flush=True)
    for name, capture in args.captures.items():
        for program, receiver in receivers.items():
            def held(*flags):
                r = receiver()
                n, pps = send(wire, capture, *flags)
                got, cpu = r.end()
                print(f"  {name}, {program}: {pps:,.0f}/s, {got:,} of {n:,}, {cpu:.2f} CPU s", file=sys.stderr, flush=True)
                return got == n, pps, n / cpu
            ok, high, each = held("--topspeed")
            best, core, limit = (high, each, " (the sender's limit)") if ok else (0, 0, "")
            low = 0
            while not ok and high - low > 0.04 * high:
                now, pps, each = held("--pps", int((low + high) / 2))
                if now:
                    low = best = pps
                    core = each
                else:
                    high = min(pps, (low + high) / 2)
            found[name, program] = best
            part = f"{best / found[name, 'tcpdump']:.2f}" if found[name, "tcpdump"] else ""
            print(f"| {name} | {program} | {best:,.0f}{limit} | {core:,.0f} | {part} |", flush=True)
    best = max(found["mix", p] for p in receivers if p != "tcpdump")
    (args.work / "pps").write_text(str(int(best)))
    check("mix: at least 0.8 of tcpdump's rate", best >= 0.8 * found["mix", "tcpdump"], found)


LASTING = 180  # seconds


def endless(pps, seconds):
    """Flags to send a capture again and again, with addresses of its own each time."""
    return "--pps", int(pps), "--loop", 1000000, "--unique-ip", "--duration", seconds


def lasting(args, wire, check):
    pps = args.pps or int((args.work / "pps").read_text())
    while True:
        sensor = Listener(args, wire, "--shards", args.shards, ring=LONG_RING, rotate="1m")
        over, rows = threading.Event(), collections.Counter()
        reader = threading.Thread(target=tail, args=(sensor.logs, Latency(), rows, over), daemon=True)
        reader.start()
        n, rate = send(wire, args.captures["mix"], *endless(pps, LASTING))
        got, cpu = sensor.end()
        over.set()
        reader.join()
        print(f"  mix for {LASTING} s: {rate:,.0f}/s, {got:,} of {n:,}, {cpu:.1f} CPU s", file=sys.stderr, flush=True)
        if got == n:
            break
        pps = rate * 7 / 8
    (args.work / "lasting").write_text(str(int(rate)))
    check(f"{rate:,.0f} packets/s of mix for {LASTING} s without loss, {n / cpu:,.0f} packets for a CPU second", sum(rows.values()) == sum(log["rows"] for log in sensor.summary["logs"]), rows)


class Latency:
    """The time between an answer to a DNS query, by its row, and the moment that the row is seen."""

    def __init__(self):
        self.counts = collections.Counter()  # by milliseconds

    def seen(self, ts, rtt, now):
        self.counts[max(0, int((now - ts - rtt) * 1000))] += 1

    def result(self):
        total, so_far, marks = sum(self.counts.values()), 0, {}
        for ms, n in sorted(self.counts.items()):
            so_far += n
            for q in (0.5, 0.99, 1):
                if so_far >= q * total:
                    marks.setdefault(q, ms)
        return total, marks


def tail(folder, latency, rows, over):
    """Reads the rows of dns as they come into their files, counts those of all logs, and removes what it has read."""
    open_files, fields = {}, {}  # a file that is open keeps its number
    while True:
        last = over.is_set()
        for path in sorted(folder.glob("*")) + sorted(folder.glob(".*")):
            if ".log" not in path.name:
                continue
            try:
                number = path.stat().st_ino
                if number not in open_files:
                    f = open(path, "rb")
                    number = os.fstat(f.fileno()).st_ino  # the name may be another's by now
                    open_files.setdefault(number, [f, b""])
            except FileNotFoundError:
                continue  # it has just got its name
            f, rest = open_files[number]
            data = f.read()
            now = time.time()
            *lines, open_files[number][1] = (rest + data).split(b"\n")
            rows[re.match(r"\.?([a-z_0-9]+)", path.name)[1]] += sum(1 for line in lines if line[:1] != b"#")
            for line in lines if re.match(r"\.?dns\.", path.name) else ():
                values = line.split(b"\t")
                if values[0] == b"#fields":
                    fields = {f: i for i, f in enumerate(values[1:])}
                elif line[:1] != b"#" and values[fields[b"rtt"]] != b"-":
                    latency.seen(float(values[0]), float(values[fields[b"rtt"]]), now)
            # A finished file has a time in its name, and for a moment the name from before, too.
            if not path.name.startswith(".") and re.search(r"\.\d{4}-", path.name) and not last and os.fstat(f.fileno()).st_nlink == 1:
                path.unlink()
                open_files.pop(number)[0].close()
        if last:
            return
        over.wait(0.05)


def sample(process):
    """Returns resident MB, descriptors, goroutines, packets and drops of a sensor."""
    rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
    with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=5) as answer:
        metrics = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[:1] != "#")
    n = [float(metrics.get(k, 0)) for k in ("go_goroutines", "wirelog_kernel_packets_total", "wirelog_kernel_dropped_packets_total")]
    return (rss, len(os.listdir(f"/proc/{process.pid}/fd")), *n)


def soak(args, wire, check):
    pps = args.pps or int(0.8 * int((args.work / "lasting").read_text()))
    sensor = Listener(args, wire, "--shards", args.shards, "--metrics", METRICS, ring=LONG_RING, rotate="1m")
    rows, latency, over, samples, sent = collections.Counter(), Latency(), threading.Event(), [], []
    threads = [threading.Thread(target=tail, args=(sensor.logs, latency, rows, over), daemon=True),
               threading.Thread(target=lambda: sent.append(send(wire, args.captures["mix"], *endless(pps, args.seconds))), daemon=True)]
    for t in threads:
        t.start()
    began = time.time()
    while threads[1].is_alive():
        samples.append((time.time() - began, *sample(sensor.process)))
        threads[1].join(5)
    got, cpu = sensor.end()
    over.set()
    threads[0].join()
    n, rate = sent[0]
    draw(args.work / "load.svg", samples, f"wirelog listen, {args.shards} shard{'s' * (args.shards > 1)}: mix at {rate:,.0f} packets/s, {n:,} packets")
    s, i = sensor.summary, sensor.summary["interfaces"][0]
    check(f"{n:,} packets in {args.seconds} s, {rate:,.0f}/s ({cpu:.0f} CPU s): all were read", got == n == i["kernel"] == s["packets"] and i["dropped"] == i["left"] == 0, i)
    balance = {log["log"]: log["rows"] for log in s["logs"]}
    lost = [d for d in s["dropped"] if d["lost"]]
    check(f"{sum(balance.values()):,} rows, all in their files, none lost", rows == collections.Counter(balance) and not lost,
          (lost, {k: (rows[k], balance.get(k)) for k in rows | balance if rows[k] != balance.get(k, 0)}))
    names = ("resident MB", "descriptors", "goroutines")
    for k, name in enumerate(names, 1):
        # From a quarter on, the connections that time out are as many as those that begin.
        early, late = ([x[k] for x in samples if a <= x[0] / args.seconds <= b] for a, b in ((0.25, 0.5), (0.75, 1)))
        check(f"{name}: at most {max(early):,.0f} in the second quarter, {max(late):,.0f} in the last", max(late) <= 1.05 * max(early) + 2, samples)
    told(check, "rows of dns in their files", latency)


def told(check, what, latency):
    total, marks = latency.result()
    check(f"{what}: {total:,}, median {marks[0.5]} ms, 99 % {marks[0.99]} ms, at most {marks[1]} ms", total and marks[1] <= 2000)


def draw(path, samples, title):
    """Draws a chart a quantity, all from 0 on, over minutes."""
    charts = (("resident MB", 1), ("descriptors", 2), ("goroutines", 3))
    width, height, left, top = 640, 110, 60, 36
    minutes = samples[-1][0] / 60
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} {top + len(charts) * (height + 40)}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="{title}">',
           f'<rect width="100%" height="100%" fill="#fff"/><text x="{left}" y="18" font-weight="600">{title}</text>']
    for n, (name, k) in enumerate(charts):
        y, most = top + n * (height + 40), max(s[k] for s in samples) * 1.1
        points = " ".join(f"{left + s[0] / 60 / minutes * width:.1f},{y + height - s[k] / most * height:.1f}" for s in samples)
        out += [f'<rect x="{left}" y="{y}" width="{width}" height="{height}" fill="none" stroke="#d0d7de"/>',
                f'<polyline points="{points}" fill="none" stroke="#0969da" stroke-width="1.5"/>',
                f'<text x="{left + 6}" y="{y + 16}" fill="#24292f">{name}</text>',
                f'<text x="{left - 6}" y="{y + 10}" text-anchor="end" fill="#57606a">{most:,.0f}</text><text x="{left - 6}" y="{y + height}" text-anchor="end" fill="#57606a">0</text>',
                f'<text x="{left}" y="{y + height + 16}" fill="#57606a">0</text><text x="{left + width}" y="{y + height + 16}" text-anchor="end" fill="#57606a">{minutes:.0f} minutes</text>']
    path.write_text("\n".join([*out, "</svg>"]) + "\n", encoding="utf-8")


def kafka(args, wire, check):
    python = args.integration / "venv" / "bin" / "python"
    pps = args.pps // 4 or int((args.work / "lasting").read_text()) // 5
    consumer = subprocess.Popen([python, __file__, "--consume", args.work, "--libs", args.integration / "libs"], env=wire.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        broker = consumer.stdout.readline().strip()
        sensor = Listener(args, wire, "--shards", args.shards, type="kafka", brokers=[broker], topic="load-{log}", logs=["conn", "dns", "http"])
        n, rate = send(wire, args.captures["mix"], *endless(pps, min(args.seconds, 120)))
        got, _ = sensor.end()
        answer = json.loads(consumer.communicate("end\n", 60)[0])
    finally:
        consumer.kill()
    latency = Latency()
    latency.counts.update({int(k): v for k, v in answer.items()})
    check(f"Kafka: {n:,} packets, {rate:,.0f}/s: all were read, no row is lost", got == n and not [d for d in sensor.summary["dropped"] if d["lost"]], sensor.summary)
    told(check, "rows of dns in Kafka", latency)


def consume(work, libs):
    """Runs a broker, and measures until a line comes on standard input; the environment is that of integration/prepare."""
    import confluent_kafka
    from broker import ADDR, Broker
    broker = Broker(work / "broker", libs)
    try:
        broker.wait()
        print(ADDR, flush=True)
        over, latency = threading.Event(), Latency()
        threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
        consumer = confluent_kafka.Consumer({"bootstrap.servers": ADDR, "group.id": "load"})
        while not (parts := consumer.list_topics(timeout=5).topics.get("load-dns")) or not parts.partitions:
            time.sleep(0.02)  # the sensor makes the topic
        consumer.assign([confluent_kafka.TopicPartition("load-dns", p, confluent_kafka.OFFSET_BEGINNING) for p in parts.partitions])
        quiet = 0
        while not over.is_set() or quiet < 3:
            batch = consumer.consume(5000, 0.2 if over.is_set() else 0.02)
            now, quiet = time.time(), quiet + 1 if not batch else 0
            for m in batch:
                row = json.loads(m.value()) if not m.error() else {}
                if "rtt" in row:
                    latency.seen(row["ts"], row["rtt"], now)
        consumer.close()
        print(json.dumps(latency.counts), flush=True)
    finally:
        broker.end(signal.SIGKILL)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--wirelog", type=pathlib.Path, default=ROOT / "build" / "wirelog", help="program to measure")
    p.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "load", help="folder for programs, captures and logs")
    p.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared", help="folder with bench/make-capture")
    p.add_argument("--seconds", type=int, default=1200, help="length of soak")
    p.add_argument("--pps", type=int, default=0, help="packets a second of soak; where lasting begins")
    p.add_argument("--shards", type=int, default=1, help="shards of lasting, soak and kafka")
    p.add_argument("--consume", type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("--libs", type=pathlib.Path, help=argparse.SUPPRESS)
    p.add_argument("parts", nargs="*", help="rates, lasting, soak, kafka")
    args = p.parse_args()
    if args.consume:
        consume(args.consume, args.libs)
        return
    parts = {"rates": rates, "lasting": lasting, "soak": soak, "kafka": kafka}
    wrong = [name for name in args.parts if name not in parts]
    if wrong:
        p.error(f"no such part: {wrong[0]}")
    args.wirelog, args.work = args.wirelog.resolve(), args.work.resolve()
    if os.geteuid() != 0:
        skip("capturing takes root")
    maker = args.shared / "bench" / "make-capture"
    if not maker.exists():
        skip(f"there is no {maker}")
    args.work.mkdir(parents=True, exist_ok=True)
    args.captures = {}
    for name, megabytes in CAPTURES.items():
        args.captures[name] = ROOT / "build" / "bench" / f"{name}.pcap"
        if not args.captures[name].exists():
            args.captures[name].parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([sys.executable, maker, name, args.captures[name], "--megabytes", str(megabytes)], check=True, stdout=subprocess.DEVNULL)
    args.integration, names = args.work.parent / "integration", args.parts or list(parts)
    if "kafka" in names and subprocess.run([ROOT / "integration" / "prepare", args.integration], check=False, stdout=sys.stderr).returncode != 0:
        print("SKIPPED: kafka, since not everything can be installed")
        names.remove("kafka")
    wire, check = Wire(prepare(args.work)), Check()
    try:
        wire.open()
        wire.pair()
        wire.run("ip", "link", "set", "dev", "lo", "up", end="rx")
        enter(wire.names["rx"])
        print(f"{os.cpu_count()} cores, load at the start {os.getloadavg()[0]:.1f}", flush=True)
        for name in names:
            parts[name](args, wire, check)
    finally:
        wire.close()
    check.end()


main()
