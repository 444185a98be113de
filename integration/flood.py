#!/usr/bin/env python3
"""Floods wirelog and measures what memory it takes, and whether the rows of other traffic stay right.

    integration/flood.py [--memory 1GiB] [--millions 3] [--shards 2] [--cgroup BYTES] [KIND...]

Each KIND is one flood: packets that are all made here and go to "wirelog read -" through a pipe, so
that nothing is stored. Between them are the packets of testdata/mixed.pcap; their rows are
compared with those of a run without the flood. Resident memory may be 1.1 times the limit at most.
Needs Python alone; --cgroup needs root and control groups of version 2 or 1.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
START = 1_800_000_000
# Flooding hosts are in 198.18.0.0/15 (RFC 2544), where none of the captures has any.
FLOOD = 0xC6120000
ETHER = bytes.fromhex("020000000002020000000001") + b"\x08\x00"
SYN, RST, ACK, PUSH = 2, 4, 16, 8


def size(text):
    for unit, n in UNITS.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * n)
    return int(text)


def mix(i):
    """Spreads numbers over 32 bits, each to another one."""
    i = (i ^ i >> 16) * 0x45D9F3B & 0xFFFFFFFF
    i = (i ^ i >> 16) * 0x45D9F3B & 0xFFFFFFFF
    return i ^ i >> 16


def ends(i):
    """Addresses and a port of flow i: each flow has a triple of its own."""
    x = mix(i)
    return FLOOD | x & 0xFFFF, FLOOD | 0x10000 | x >> 8 & 0xFF00 | i >> 24 & 0xFF, 1024 + (x >> 16) % 64000


def ip(src, dst, proto, body, ident=1, frag=0):
    return ETHER + struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(body), ident, frag, 64, proto, 0, src, dst) + body


def udp(src, dst, sport, dport, data):
    return ip(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)


def tcp(src, dst, sport, dport, seq, ack, flags, data=b""):
    return ip(src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 64240, 0, 0) + data)


def handshake(a, b, p, q):
    yield tcp(a, b, p, q, 1000, 0, SYN)
    yield tcp(b, a, q, p, 9000, 1001, SYN | ACK)
    yield tcp(a, b, p, q, 1001, 9001, ACK)


def connections(n):
    """One datagram each."""
    for i in range(n):
        a, b, p = ends(i)
        yield udp(a, b, p, 40000, b"x" * 18)


def half_open(n):
    for i in range(n):
        a, b, p = ends(i)
        yield tcp(a, b, p, 40000, 1000, 0, SYN)


def established(n):
    """Both sides have spoken, and go on to be silent."""
    for i in range(n // 3):
        a, b, p = ends(i)
        yield from handshake(a, b, p, 40000)


def fragments(n):
    """First fragments without a second one."""
    body = struct.pack("!HHHH", 4000, 40000, 4000, 0) + b"f" * 1472
    for i in range(n):
        a, b, p = ends(i)
        yield ip(a, b, 17, body, i & 0xFFFF, 0x2000)


def out_of_order(n):
    """A piece of a stream above a hole, on many connections."""
    data = b"o" * 1400
    for i in range(n // 4):
        a, b, p = ends(i)
        yield from handshake(a, b, p, 40000)
        yield tcp(a, b, p, 40000, 5001, 9001, ACK | PUSH, data)


def holes(n):
    """Many pieces above a hole, on few connections."""
    data = b"h" * 1400
    for i in range(n // 100):
        a, b, p = ends(i)
        yield from handshake(a, b, p, 40000)
        for k in range(97):
            yield tcp(a, b, p, 40000, 5001 + 2000 * k, 9001, ACK, data)


def queries(n):
    """DNS queries, each with a name of its own, 20 on a connection, without an answer."""
    for i in range(n):
        a, b, p = ends(i // 20)
        name = b"%016x" % i
        yield udp(a, b, p, 53, struct.pack("!HHHHHH", i & 0xFFFF, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name + b"\x04test\x00\x00\x01\x00\x01")


def requests(n):
    """What clients in the captures of testdata say, without an answer, from ever new hosts."""
    library = list(spoken().values())
    made = i = 0
    while made < n:
        proto, port, pieces = library[i % len(library)]
        a, b, p = ends(i)
        i += 1
        if proto == 17:
            for data in pieces:
                yield udp(a, b, p, port, data)
                made += 1
            continue
        yield from handshake(a, b, p, port)
        made += 3
        seq = 1001
        for data in pieces:
            yield tcp(a, b, p, port, seq, 9001, ACK | PUSH, data)
            seq += len(data)
            made += 1


# Ports of tunnels: what is in them would be rows of the hosts of testdata.
TUNNELS = {2123, 2152, 3544, 4789, 4790, 6081, 8472}

KINDS = {f.__name__.replace("_", "-"): f for f in (connections, half_open, established, fragments, out_of_order, holes, queries, requests)}


def records(path):
    """The packets of a little-endian pcap file of Ethernet frames; nothing of other files."""
    data = path.read_bytes()
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") or data[20:24] != b"\x01\0\0\0":
        return
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + n]
        at += 16 + n


def spoken():
    """By protocol and port, the first payloads of the side that speaks first in testdata."""
    flows = collections.OrderedDict()
    for path in sorted((ROOT / "testdata").glob("*.pcap")):
        for frame in records(path):
            if frame[12:14] != b"\x08\x00" or len(frame) < 42:
                continue
            head = 14 + (frame[14] & 15) * 4
            proto, total = frame[23], struct.unpack_from("!H", frame, 16)[0]
            if proto not in (6, 17) or struct.unpack_from("!H", frame, 20)[0] & 0x3FFF or len(frame) < head + 20:
                continue
            sport, dport = struct.unpack_from("!HH", frame, head)
            data = frame[head + (8 if proto == 17 else (frame[head + 12] >> 4) * 4) : 14 + total]
            if not data or dport in TUNNELS or sport in TUNNELS:
                continue
            key = (path.name, proto, frame[26:34], sport, dport)
            if (path.name, proto, frame[30:34] + frame[26:30], dport, sport) in flows:
                continue
            pieces = flows.setdefault(key, [])
            if len(pieces) < 4:
                pieces.append(data)
    return collections.OrderedDict(((proto, dport, pieces[0][:4]), (proto, dport, pieces)) for (_, proto, _, _, dport), pieces in flows.items())


def capture(to, flood, count, seconds, innocents):
    """Writes a capture of seconds: the flood, if there is one, and the others spread over it."""
    to.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
    left = collections.deque((seconds * (i + 1) / (len(innocents) + 1), p) for i, p in enumerate(innocents))
    parts = []

    def put(at, frame):
        parts.append(struct.pack("<IIII", START + int(at), int(at % 1 * 1e6), len(frame), len(frame)))
        parts.append(frame)
        if len(parts) >= 4096:
            to.write(b"".join(parts))
            parts.clear()

    if flood:
        for i, frame in enumerate(flood(count)):
            at = seconds * i / count
            while left and left[0][0] <= at:
                put(*left.popleft())
            put(min(at, seconds), frame)
    while left:
        put(*left.popleft())
    to.write(b"".join(parts))


def rows(folder, hosts=None):
    """The rows with connections of hosts, or of all but the flooding ones, without ids; and their hosts."""
    found, seen = collections.Counter(), set()
    for path in folder.glob("*.log"):
        with path.open() as f:
            for line in f:
                if '"198.18.' in line or '"198.19.' in line or '"id.orig_h"' not in line:
                    continue
                row = {k: v for k, v in json.loads(line).items() if "uid" not in k}
                if hosts is not None and row["id.orig_h"] not in hosts:
                    continue  # of a packet in a flooding one
                seen.add(row["id.orig_h"])
                found[path.stem + " " + json.dumps(row, sort_keys=True)] += 1
    return found, seen


class Group:
    """A control group with a memory limit, or none."""

    def __init__(self, limit):
        self.path = None
        if not limit:
            return
        why = "there are none"
        for base, file in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            if not (pathlib.Path(base) / "cgroup.procs").exists():
                continue
            path = pathlib.Path(base) / f"wirelog-flood-{os.getpid()}"
            try:
                path.mkdir()
                (path / file).write_text(str(limit))
                self.path = path
                return
            except OSError as e:
                why = e
                if path.exists():
                    path.rmdir()
        sys.exit(f"flood: no control group can be made here: {why}")

    def enter(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self):
        if self.path:
            self.path.rmdir()


def run(args, group, folder, flood, count, innocents):
    """Runs wirelog on a flood; returns its summary, peak memory in bytes and CPU seconds."""
    command = [str(ROOT / "build/wirelog"), "read", "-C", "--seed", "flood", "--format", "json", "--summary", "json", "--shards", str(args.shards), "-o", str(folder), "-"]
    if args.memory:
        command[2:2] = ["--memory", args.memory]
    env = {k: v for k, v in os.environ.items() if k not in ("GOMEMLIMIT", "GOGC")}
    said = tempfile.TemporaryFile()
    wirelog = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, env=env, preexec_fn=group.enter)
    try:
        capture(wirelog.stdin, flood, count, args.seconds, innocents)
        wirelog.stdin.close()
    except BrokenPipeError:
        pass
    _, status, usage = os.wait4(wirelog.pid, 0)
    wirelog.returncode = os.waitstatus_to_exitcode(status)
    said.seek(0)
    text = said.read().decode(errors="replace")
    if wirelog.returncode not in (0, 1):
        sys.exit(f"flood: wirelog ended with {wirelog.returncode}:\n{text[:4000]}")
    return json.JSONDecoder().raw_decode(text[("\n" + text).index("\n{") :])[0], usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--memory", default="1GiB", help="wirelog's --memory; empty leaves it to the control group")
    p.add_argument("--cgroup", default="", help="run in a control group with this limit")
    p.add_argument("--millions", type=float, default=3, help="packets of each flood")
    p.add_argument("--seconds", type=float, default=30, help="packet time of a flood; short, so that no time limit helps")
    p.add_argument("--shards", type=int, default=2)
    p.add_argument("--folder", default=None, help="folder for logs, removed at the end")
    p.add_argument("kinds", nargs="*", choices=[[], *KINDS], default=[])
    args = p.parse_args()
    limit = size(args.memory) if args.memory else size(args.cgroup) * 3 // 4
    innocents = list(records(ROOT / "testdata/mixed.pcap"))
    top = pathlib.Path(tempfile.mkdtemp(prefix="wirelog-flood-", dir=args.folder))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    group = Group(size(args.cgroup) if args.cgroup else 0)
    failed = False
    try:
        run(args, group, top / "alone", None, 0, innocents)
        want, hosts = rows(top / "alone")
        if sum(want.values()) < 50:
            sys.exit(f"flood: {sum(want.values())} rows without a flood")
        print(f"limit {limit >> 20} MiB, {args.shards} shards, {sum(want.values())} rows of other traffic\n")
        print("| flood | packets | resident MiB | of the limit | CPU s | other rows | what was lost |\n|---|--:|--:|--:|--:|--:|---|")
        for kind in args.kinds or KINDS:
            summary, peak, cpu = run(args, group, top / kind, KINDS[kind], int(args.millions * 1e6), innocents)
            got, _ = rows(top / kind, hosts)
            shutil.rmtree(top / kind)
            bad = (want - got) + (got - want)
            verdict = "all" if not bad else f"{sum((want & got).values())} of {sum(want.values())}"
            print(f"| {kind} | {summary['packets']:,} | {peak >> 20:,} | {peak / limit:.2f} | {cpu:.1f} | {verdict} | {lost(summary)} |", flush=True)
            if peak > 1.1 * limit:
                print(f"flood: {kind}: {peak / limit:.2f} of the limit are resident", file=sys.stderr)
                failed = True
            if bad:
                failed = True
                for row in list((want - got))[:3]:
                    print(f"flood: {kind}: missing: {row[:300]}", file=sys.stderr)
                for row in list((got - want))[:3]:
                    print(f"flood: {kind}: not expected: {row[:300]}", file=sys.stderr)
    finally:
        shutil.rmtree(top)
        group.remove()
    return 1 if failed else 0


def lost(summary):
    """The counters of what had to be given up."""
    found = []
    for d in summary["dropped"]:
        if d["unit"] in ("byte", "state"):
            found.append(f"{d['where']} {d['reason']} {d['count']:,}")
    return "; ".join(found) or "nothing"


if __name__ == "__main__":
    sys.exit(main())
