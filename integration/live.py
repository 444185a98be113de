#!/usr/bin/env python3
"""Sends captures over a wire to `wirelog listen` and compares its rows with those of `wirelog read`.

    integration/live.py [--wirelog build/wirelog] [--work build/live] [--shared ../shared] [--megabytes 25]

The wire is a pair of virtual interfaces in two network namespaces of their own, which needs root. tcpreplay
sends a `mix` of --shared (left out if there is none) and captures of testdata/ at a steady rate. tcpdump
records what comes, which must be the captures byte for byte, VLAN tags included, while `wirelog listen` runs
beside it with 1, 2 and 4 shards, which have rings of their own, with 2 that one shard reads for, with a filter,
and with a configuration that is exchanged several times a second, now and then for one that is wrong. Each must
have lost nothing, end with status 0 after SIGTERM, and have the rows that `wirelog read` has of the recording,
but for times and uids. Then the two directions of connections come on two interfaces, as from an optical tap;
datagrams carry packets in VXLAN and Geneve; and an interface goes down and comes back, is removed and made
again, and appears only after the start.

The programs are Debian's: those that are not installed are downloaded with apt-get and unpacked in the work
folder. Where namespaces are not allowed or programs cannot be had, the script says so and exits with status 0.
"""
import argparse
import collections
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

from common import ROOT, Check
from wire import Wire, packets, prepare, skip, wait_for

CAPTURES = ["mixed", "fragments", "ftp", "icmp", "vlan-qinq", "vxlan", "gre", "http", "dns", "tls-curl", "tunnels-nested"]
FILTER = "udp port 53 or tcp port 21 or icmp or vlan"
# Identifiers of connections, files and certificates, which have the times in them.
UID = re.compile(r"(?<![0-9A-Za-z])[CF][0-9A-Za-z]{8,18}(?![0-9A-Za-z])")

# Sends the packets of captures as datagrams: KIND PORT CAPTURE...
SENDER = """
import socket, struct, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
head = {"vxlan": bytes.fromhex("0800000000000700"), "geneve": bytes.fromhex("0000655800000900")}[sys.argv[1]]
for path in sys.argv[3:]:
    data = open(path, "rb").read()
    order, at = "<" if data[0] in (0xD4, 0x4D) else ">", 24
    while at + 16 <= len(data):
        n = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        s.sendto(head + data[at + 16:at + 16 + n], ("127.0.0.1", int(sys.argv[2])))
        at += 16 + n
        time.sleep(0.0005)
"""


def rows(folder):
    """Returns the rows of all logs in a folder, without times and uids."""
    found = collections.Counter()
    for path in sorted(folder.glob("*.log")):
        masked = []
        for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            name, *values = line.split("\t")
            if name == "#types":
                masked = [t in ("time", "interval", "vector[interval]") for t in values]
            elif not line.startswith("#"):
                found[(path.stem, *("" if m else UID.sub("UID", v) for v, m in zip([name, *values], masked)))] += 1
    return found


class Listener:
    """A `wirelog listen`."""

    def __init__(self, args, wire, name, *flags, interfaces=("rx",), output=True):
        self.logs, self.err = args.work / name, args.work / f"{name}.err"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.out = args.work / f"{name}.json"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = wire.start(args.wirelog, "listen", "--logs", "default", "--summary", "json", "--seed", "live", *(["-o", self.logs] if output else []), *flags, *interfaces, stdout=out, stderr=err)
        self.says("listening to")

    def text(self):
        return self.err.read_text(encoding="utf-8")

    def says(self, what):
        return wait_for(f"{self.err} has no {what!r}", lambda: what in self.text() or self.process.poll() is not None)

    def end(self):
        """Ends it by a signal; returns its exit status and its summary."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        return status, json.loads(self.out.read_text(encoding="utf-8") or "{}")


class Reloaded(Listener):
    """A `wirelog listen` whose outputs go to another folder all the time."""

    def __init__(self, args, wire, name):
        self.folder, self.config, self.reloads, self.refused = args.work / name, args.work / f"{name}.yaml", 0, 0
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.configure()
        super().__init__(args, wire, name, "--config", self.config, "--shards", 2, "--sandbox-paths", self.folder, output=False)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def configure(self, wrong=False):
        where = {"conn": "durration > 1"} if wrong else {}
        self.config.write_text(json.dumps({"outputs": [{"type": "tsv", "dir": str(self.folder / str(self.reloads)), "where": where}]}), encoding="utf-8")

    def run(self):
        while not self.over.wait(0.1):
            wrong = (self.reloads + self.refused) % 5 == 4
            self.reloads, self.refused = self.reloads + (not wrong), self.refused + wrong
            self.configure(wrong)
            self.process.send_signal(signal.SIGHUP)
            wait_for("a reload", lambda: (self.text().count("is reloaded"), self.text().count("is refused")) == (self.reloads, self.refused))

    def end(self):
        self.over.set()
        self.thread.join()
        return super().end()

    def rows(self):
        return sum((rows(f) for f in self.folder.iterdir()), collections.Counter())


class Dump:
    """A tcpdump that records what comes on an interface."""

    def __init__(self, wire, interface, recording, *what):
        self.recording, what = recording, what or ()
        recording.unlink(missing_ok=True)
        self.process = wire.start("tcpdump", "-i", interface, "-n", "-Z", "root", "-s", "0", "-B", "65536", "-w", recording, "-U", *what, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("tcpdump", lambda: recording.exists() and recording.stat().st_size >= 24)

    def end(self, n):
        """Waits for n packets, and ends it."""
        wait_for(f"{self.recording} has not all packets", lambda: len(packets(self.recording)) >= n)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def read(args, recording, folder, *flags):
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([args.wirelog, "read", "--summary", "none", "--seed", "live", "-o", folder, *flags, recording], check=False, stderr=subprocess.DEVNULL)
    return rows(folder)


def compare(args, wire, check):
    captures = [(ROOT / "testdata" / f"{name}.pcap", ["--pps", "1000"]) for name in CAPTURES]
    maker, mix = args.shared / "bench" / "make-capture", args.work / "mix.pcap"
    if maker.exists():
        if not mix.exists():
            subprocess.run([sys.executable, maker, "mix", mix, "--megabytes", str(args.megabytes)], check=True, stdout=subprocess.DEVNULL)
        captures.insert(0, (mix, ["--mbps", "25"]))
    else:
        print(f"skipped: the mix, since there is no {maker}")
    sent = [p for path, _ in captures for p in packets(path)]
    recording = args.work / "recording.pcap"
    dump = Dump(wire, "rx", recording)
    listeners = {n: Listener(args, wire, f"shards-{n}", "--shards", n) for n in (1, 2, 4)}
    listeners["2 (one ring)"] = Listener(args, wire, "one-ring", "--shards", 2, "--fanout", "none")
    filtered = Listener(args, wire, "filter", "--shards", 2, "--filter", FILTER)
    changing = Reloaded(args, wire, "reload")
    began = time.monotonic()
    for path, pace in captures:
        wire.send(path, *pace)
    print(f"{len(sent)} packets in {time.monotonic() - began:.1f} s")
    wait_for("tcpdump has not all packets", lambda: len(packets(recording)) >= len(sent))
    ends = {n: l.end() for n, l in listeners.items()}
    filter_end, changing_end = filtered.end(), changing.end()
    dump.end(len(sent))

    check("the packets of the captures were on the wire, and nothing else", packets(recording) == sent)
    want = read(args, recording, args.work / "read")
    for n, (status, summary) in ends.items():
        name = f"{n} shards"
        check(f"{name}: status 0", status == 0, (status, listeners[n].text()))
        i = summary["interfaces"][0]
        check(f"{name}: all packets", summary["packets"] == i["kernel"] == i["read"] == len(sent) and i["dropped"] == i["left"] == 0, i)
        same(check, name, rows(listeners[n].logs), want)
    status, summary = changing_end
    name, i = f"{changing.reloads} reloads and {changing.refused} that were refused", summary["interfaces"][0]
    written = len([f for f in changing.folder.iterdir() if rows(f)])
    check(f"{name}: status 0, rows in several folders", status == 0 and changing.reloads > 3 and written > 3, (status, written, changing.text()))
    check(f"{name}: all packets", summary["packets"] == i["kernel"] == i["read"] == len(sent) and i["dropped"] == i["left"] == 0, i)
    same(check, name, changing.rows(), want)
    status, summary = filter_end
    i = summary["interfaces"][0]
    check("filter: status 0, by the kernel, and not of all packets", status == 0 and i["filter"] == "kernel" and 0 < i["kernel"] < len(sent), i)
    same(check, "filter", rows(filtered.logs), read(args, recording, args.work / "read-filter", "--filter", FILTER))


def same(check, name, got, want):
    check(f"{name}: the {sum(want.values())} rows of `wirelog read`", got == want and want,
          f"only here {list((got - want).items())[:3]}, missing {list((want - got).items())[:3]}")


def taps(args, wire, check):
    """The two directions come on two interfaces: tcpprep says which packets are the clients'."""
    wire.pair("rx2", "tx2")
    captures = [ROOT / "testdata" / f"{name}.pcap" for name in ("http", "dns", "tls-curl", "ftp")]
    sent = sum(len(packets(c)) for c in captures)
    recordings = [args.work / "recording-1.pcap", args.work / "recording-2.pcap"]
    dumps = [Dump(wire, "rx", recordings[0]), Dump(wire, "rx2", recordings[1])]
    listeners = {n: Listener(args, wire, f"taps-{n}", "--shards", n, interfaces=["rx", "rx2"]) for n in (1, 3)}
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
    listeners["the kernel's hash, pinned"] = Listener(args, wire, "taps-hash", "--fanout", "hash", "--cpus", cores, interfaces=["rx", "rx2"])
    for capture in captures:
        cache = args.work / f"{capture.stem}.cache"
        wire.run("tcpprep", "--port", "-i", capture, "-o", cache)
        wire.send(capture, "--pps", "1000", "-I", "tx2", "-c", cache)
    for dump in dumps:
        wait_for("tcpdump has not all packets", lambda: sum(len(packets(r)) for r in recordings) >= sent)
        dump.end(1)
    want = read(args, recordings[0], args.work / "read-taps", "--merge", recordings[1])
    for n, l in listeners.items():
        status, summary = l.end()
        i = summary["interfaces"]
        check(f"two interfaces, {n} shards: all packets of both, status 0",
              status == 0 and len(i) == 2 and min(i[0]["read"], i[1]["read"]) > 0 and sum(x["kernel"] for x in i) == summary["packets"] == sent, (status, summary))
        if isinstance(n, int):  # the hash splits the data of FTP from its control connection
            same(check, f"two interfaces, {n} shards", rows(l.logs), want)
    wire.run("ip", "link", "del", "dev", "tx2", end="tx")


def datagrams(args, wire, check):
    """Packets come in VXLAN and Geneve, to sockets."""
    wire.run("ip", "link", "set", "dev", "lo", "up", end="rx")
    parts = {"vxlan": [ROOT / "testdata" / f"{name}.pcap" for name in ("http", "fragments", "icmp")], "geneve": [ROOT / "testdata" / f"{name}.pcap" for name in ("dns", "vlan-qinq")]}
    ports = {"vxlan": 4789, "geneve": 16081}
    sent = sum(len(packets(c)) for list in parts.values() for c in list)
    where = [f"{kind}:{port}" for kind, port in ports.items()]
    dump = Dump(wire, "lo", args.work / "datagrams.pcap", "udp and dst host 127.0.0.1 and (" + " or ".join(f"dst port {p}" for p in ports.values()) + ")")
    listeners = {n: Listener(args, wire, f"udp-{n}", "--shards", n, "--columns", "mirror", *(x for w in where for x in ("--listen-udp", w)), interfaces=[]) for n in (2,)}
    for kind, captures in parts.items():
        wire.run(sys.executable, "-c", SENDER, kind, ports[kind], *captures, end="rx")
    dump.end(sent)
    want = read(args, dump.recording, args.work / "read-datagrams", "--columns", "mirror", "--mirror", ",".join(where))
    for n, l in listeners.items():
        status, summary = l.end()
        i = summary["interfaces"]
        check("datagrams: all packets of both, status 0", status == 0 and sum(x["read"] for x in i) == summary["packets"] == summary["mirrored"] == sent, (status, summary, l.text()))
        same(check, "datagrams", rows(l.logs), want)


def come_and_go(args, wire, check):
    capture = ROOT / "testdata" / "dns.pcap"
    n = len(packets(capture))
    l = Listener(args, wire, "gone", "--wait", interfaces=["later"])
    check("an interface that is not there yet is waited for", "waiting for it" in l.text())
    wire.run("ip", "link", "del", "dev", "tx", end="tx")
    wire.pair("later")
    l.says("later is there")
    wait_for("the interface is up", lambda: l.text().count("is up") == l.text().count("is down"))
    wire.send(capture, "--pps", "1000")
    # Rows of answered queries do not wait for anything.
    took = wait_for("rows while it runs", lambda: (l.logs / "dns.log").exists() and rows(l.logs))
    print(f"the first rows were in their file {took:.2f} s after the last packet")
    wire.run("ip", "link", "set", "dev", "later", "down", end="rx")
    l.says("later is down")
    wire.run("ip", "link", "set", "dev", "later", "up", end="rx")
    wait_for("the interface is up", lambda: l.text().count("is up") == l.text().count("is down"))
    wire.send(capture, "--pps", "1000")
    wire.run("ip", "link", "del", "dev", "tx", end="tx")
    l.says("later is gone")
    wire.pair("later")
    wait_for("the interface is taken again", lambda: l.text().count("later is there") == 2)
    wait_for("the interface is up", lambda: l.text().count("is up") + 1 == l.text().count("is down"))  # it was down before it went
    wire.send(capture, "--pps", "1000")
    status, summary = l.end()
    check("an interface that goes and comes back: all packets, status 0", status == 0 and summary["packets"] == 3 * n and summary["interfaces"][0]["gone"] == 2,
          (status, summary, l.text()))
    missing = wire.run(args.wirelog, "listen", "-o", args.work / "none", "nowhere", end="rx", check=False)
    check("an interface that is not there: status 2", missing.returncode == 2 and "no such interface" in missing.stderr, missing.stderr)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--wirelog", type=pathlib.Path, default=ROOT / "build" / "wirelog", help="program to check")
    p.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "live", help="folder for programs, recordings and logs")
    p.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared", help="folder with bench/make-capture")
    p.add_argument("--megabytes", type=int, default=25, help="size of the mix")
    args = p.parse_args()
    args.wirelog, args.work = args.wirelog.resolve(), args.work.resolve()
    if os.geteuid() != 0:
        skip("capturing takes root")
    args.work.mkdir(parents=True, exist_ok=True)
    wire, check = Wire(prepare(args.work)), Check()
    try:
        wire.open()
        wire.pair()
        compare(args, wire, check)
        taps(args, wire, check)
        datagrams(args, wire, check)
        come_and_go(args, wire, check)
    finally:
        wire.close()
    check.end()


main()
