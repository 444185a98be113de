"""What the checks of this folder share."""
import argparse
import collections
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CAPTURES = ["mixed", "http", "http-odd", "dns-types", "dns-odd", "smb-3-11", "tls-curl", "tls-features", "ssh-use",
            "ftp", "smtp", "irc", "krb-tcp", "krb-pkinit", "rdp", "mysql", "modbus", "ntlm", "dcerpc-pipes",
            "websocket", "icmp", "gre", "vlan-qinq"]
COLUMNS = ["--columns", "community-id,mac-logging,vlan-logging,hassh,ja3,ja4", "--hash", "md5,sha1,sha256"]
ALL = [*COLUMNS, "--optional-logs", "smb_cmd,known_modbus,modbus_register_change"]


def parser(doc):
    """Returns a parser with the flags of all scripts."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--wirelog", default=str(ROOT / "build" / "wirelog"), help="program to check")
    p.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "integration", help="folder that integration/prepare fills")
    p.add_argument("captures", nargs="*", help="captures to use instead of those of testdata/")
    return p


def start(p):
    """Parses the flags; first restarts the script in the interpreter that has the libraries."""
    args = p.parse_args()
    args.work = args.work.resolve()
    python = args.work / "venv" / "bin" / "python"
    if pathlib.Path(sys.prefix) != args.work / "venv":
        prepared = subprocess.run([ROOT / "integration" / "prepare", args.work], check=False, stdout=sys.stderr)
        if prepared.returncode != 0:
            print("SKIPPED: not everything can be installed")
            sys.exit(0)
        os.environ["TZ"] = "UTC"
        os.execv(python, [str(python), *sys.argv])
    args.captures = args.captures or [str(ROOT / "testdata" / f"{n}.pcap") for n in CAPTURES]
    return args


def debian(work, packages):
    """Returns an environment in which programs are found, and what is missing if some are: packages has
    Debian's package of each. Those that are not installed are downloaded with apt-get and unpacked in the
    work folder, for which no rights are needed."""
    root = work / "root"
    env = dict(os.environ)
    env["PATH"] = os.pathsep.join([*(f"{root}/{d}" for d in ("usr/bin", "usr/sbin", "bin", "sbin")), env.get("PATH", ""), "/usr/sbin", "/sbin"])
    missing = [p for name, p in packages.items() if not shutil.which(name, path=env["PATH"])]
    why = ""
    if missing and not shutil.which("apt-get"):
        why = "there is no apt-get to download " + ", ".join(missing)
    elif missing:
        state = work / "apt"
        for d in ("lists/partial", "archives/partial"):
            (state / d).mkdir(parents=True, exist_ok=True)
        options = ["-q", "-o", "Debug::NoLocking=true", "-o", f"Dir::State={state}", "-o", "Dir::State::status=/var/lib/dpkg/status",
                   "-o", f"Dir::Cache={state}", "-o", f"Dir::Cache::archives={state}/archives"]
        with open(work / "apt.log", "w", encoding="utf-8") as out:
            for command in (["apt-get", *options, "update"],
                            ["apt-get", *options, "install", "-y", "--download-only", "--no-install-recommends", *missing]):
                if not why and subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode != 0:
                    why = f"apt-get failed ({work}/apt.log), which is to download " + ", ".join(missing)
        for deb in sorted((state / "archives").glob("*.deb")):
            subprocess.run(["dpkg", "-x", deb, root], check=True)
    libraries = sorted((root / "usr/lib").glob("*-linux-gnu*"))
    env["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, libraries)) or "/nonexistent"
    return env, why


class Check:
    """Prints each check, and counts those that fail."""

    def __init__(self):
        self.failed = 0

    def __call__(self, name, ok, detail=""):
        if not ok:
            self.failed += 1
        print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else ': ' + str(detail)[:2000]}", flush=True)

    def same(self, name, got, want):
        """Compares records in any order; there must be at least one."""
        got, want = collections.Counter(got), collections.Counter(want)
        self(f"{name}: {sum(want.values())} records", got == want and want,
             f"only here {list((got - want).items())[:3]}, missing {list((want - got).items())[:3]}")

    def end(self):
        print(f"{self.failed} checks failed" if self.failed else "all checks passed")
        sys.exit(1 if self.failed else 0)


def value(v):
    """Returns a value in the form in which values are compared, that of JSON."""
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
    """Returns a row that may have structs as a flat dictionary without nulls."""
    flat = {}
    for name, v in row.items():
        if isinstance(v, dict):
            flat.update(record(v, prefix + name + "."))
        elif value(v) is not None:
            flat[prefix + name] = value(v)
    return flat


def canonical(rows):
    return [json.dumps(record(r), sort_keys=True) for r in rows]


def make_capture(path, flows, rate):
    """Writes a capture of DNS queries, each in its own connection, rate per second."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for i in range(flows):
            name = b"%c%s%c%s\0" % (8, b"h%07d" % i, 7, b"example")
            dns = struct.pack(">6H", i & 0xFFFF, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1)
            udp = struct.pack(">4H", 1024 + i % 60000, 53, 8 + len(dns), 0) + dns
            ip = struct.pack(">2B3H2BH4s4s", 0x45, 0, 20 + len(udp), i & 0xFFFF, 0, 64, 17, 0,
                             socket.inet_aton(f"10.{i // 60000 >> 8}.{i // 60000 & 255}.1"), socket.inet_aton("192.0.2.53"))
            micros = i % rate * (1_000_000 // rate)
            f.write(struct.pack("<4I", 1700000000 + i // rate, micros, len(ip + udp), len(ip + udp)) + ip + udp)


def run(wirelog, captures, *flags):
    # Damaged captures set the status to 1 too; a missing row shows when rows are compared.
    result = subprocess.run([wirelog, "read", "-C", "--seed", "readers", "--summary", "none", *flags, *captures],
                            check=False, capture_output=True)
    if result.returncode not in (0, 1):
        sys.exit(result.stderr.decode())
    return result.stdout


def objects(path):
    """Returns the rows of a JSON log."""
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def header(path):
    """Returns the names and types of the columns of a TSV log."""
    lines = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                break
            name, _, rest = line.rstrip("\n").partition("\t")
            lines[name] = rest.split("\t")
    return lines["#fields"], lines["#types"]


# Control characters with a short escape in JSON.
NAMED = {8: "\b", 9: "\t", 10: "\n", 12: "\f", 13: "\r"}


def unescape(text):
    r"""Returns a text of Zeek's TSV as Zeek's JSON has it: a byte that is not text stays \xhh."""
    def plain(m):
        if m[0] == "\\\\":
            return "\\"
        code = int(m[1], 16)
        return chr(code) if 0x20 <= code < 0x7F else NAMED.get(code, m[0])
    return re.sub(r"\\\\|\\x([0-9a-f]{2})", plain, text)
