"""The tests of kafka.sh, which prepares their environment: run that script."""

import glob
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import confluent_kafka.admin
import kafka

from broker import ADDR, Broker, messages
from common import ROOT, make_capture

work = sys.argv[1]
random.seed(os.environ.get("SEED", "wirelog"))


def wirelog(capture, *args, **kwargs):
    return subprocess.Popen([str(ROOT / "build" / "wirelog"), "read", "-C", "--seed", "x", "--sensor", "tap1",
                             "--summary", "none", "--no-progress", *args, *capture], **kwargs)


def output(**settings):
    """Returns the flags for one output to the broker."""
    path = os.path.join(work, "wirelog.yaml")
    settings = {"type": "kafka", "brokers": [ADDR], "logs": ["conn", "dns"], **settings}
    with open(path, "w") as f:
        f.write("outputs: [" + json.dumps(settings) + "]\n")
    return ["--config", path]


def expected(capture):
    """Returns the records of a run by log, from its JSON files."""
    folder = os.path.join(work, "json")
    shutil.rmtree(folder, ignore_errors=True)
    assert wirelog(capture, "--format", "json", "-o", folder).wait() == 0
    return {os.path.basename(p)[:-4]: sorted(open(p, "rb").read().splitlines()) for p in glob.glob(folder + "/*.log")}


def by_confluent(topic):
    """Returns keys, values and headers."""
    return list(messages(topic))


def by_kafka_python(topic):
    c = kafka.KafkaConsumer(topic, bootstrap_servers=ADDR, auto_offset_reset="earliest", consumer_timeout_ms=5000)
    return [(m.key, m.value, dict(m.headers)) for m in c]


def by_kcat(topic):
    out = subprocess.run(["kcat", "-b", ADDR, "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-f", "%k\t%h\t%s\n"],
                         check=True, capture_output=True).stdout
    rows = [line.split(b"\t") for line in out.splitlines()]
    return [(k, v, {h.split(b"=", 1)[0].decode(): h.split(b"=", 1)[1] for h in hs.split(b",")}) for k, hs, v in rows]


def as_text(header):
    return header.decode() if isinstance(header, bytes) else header


def check(topic, want, found):
    """Verifies that every wanted record was found, and returns the number of duplicates."""
    ids = {}
    for key, value, headers in found:
        rid = headers["record-id"]
        if ids.setdefault(rid, value) != value:
            sys.exit(f"{topic}: two records have the id {rid}")
        if json.loads(value)["uid"] != key.decode():
            sys.exit(f"{topic}: key {key} of {value}")
        told = {"log": topic.rpartition("-")[2], "sensor": "tap1", "content-type": "application/json"}
        if any(as_text(headers.get(name)) != text for name, text in told.items()) or not headers.get("schema-version"):
            sys.exit(f"{topic}: headers {headers}")
    got = sorted(ids.values())
    if got != want:
        sys.exit(f"{topic}: {len(want)} distinct records were produced, {len(got)} were found; missing: {sorted(set(want) - set(got))[:3]}")
    return len(found) - len(want)


def readers(captures):
    want = expected(captures)
    run = wirelog(captures, *output(topic="readers-{log}"))
    assert run.wait() == 0
    for log in "conn", "dns":
        for read in by_kcat, by_confluent, by_kafka_python:
            twice = check(f"readers-{log}", want[log], read(f"readers-{log}"))
            assert twice == 0, twice
            print(f"{log}: {len(want[log])} records, {read.__name__}: all found, with key and headers")


def broker_dies(broker, captures, times):
    want = expected(captures)
    # Small batches and buffers make the run take longer.
    run = wirelog(captures, *output(topic="dies-{log}", batch_bytes=4096, buffer_bytes=65536, linger="1ms"),
                  stderr=subprocess.PIPE, text=True)
    for i in range(times):
        time.sleep(random.uniform(0.2, 1))
        assert run.poll() is None, f"the run ended before the broker was stopped for time {i + 1}"
        broker.end(signal.SIGTERM if i % 2 else signal.SIGKILL)
        time.sleep(random.uniform(0, 3))
        broker.start()
        broker.wait()
    _, said = run.communicate()
    assert run.returncode == 0, said
    twice = sum(check(f"dies-{log}", want[log], by_confluent(f"dies-{log}")) for log in ("conn", "dns"))
    print(f"the broker was stopped or killed {times} times in one run: {sum(map(len, want.values()))} records, "
          f"all found, {twice} twice with the same record-id")


def wirelog_dies(captures, times):
    want = expected(captures)
    args = output(topic="killed-{log}", batch_bytes=4096, buffer_bytes=65536, linger="1ms")
    killed = 0
    while killed < times:
        run = wirelog(captures, *args)
        try:
            assert run.wait(random.uniform(0.05, 2)) == 0
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            killed += 1
    assert wirelog(captures, *args).wait() == 0
    twice = sum(check(f"killed-{log}", want[log], by_confluent(f"killed-{log}")) for log in ("conn", "dns"))
    print(f"wirelog was killed {times} times and started again: {sum(map(len, want.values()))} records, "
          f"all found, {twice} twice with the same record-id")


def spool(broker, captures):
    """Kills wirelog while the broker is down; the next run must send what is in the spool."""
    want = expected(captures)
    folder = os.path.join(work, "spool")
    shutil.rmtree(folder, ignore_errors=True)
    args = output(topic="spool-{log}", spool=folder, deadline="60s")
    broker.end(signal.SIGKILL)
    run = wirelog(captures, *args, stderr=subprocess.DEVNULL)
    size = 0
    while run.poll() is None:
        time.sleep(0.5)
        now = sum(map(os.path.getsize, glob.glob(folder + "/*.spool")))
        if now == size > 0:  # all records are in the spool
            break
        size = now
    run.kill()
    run.wait()
    broker.start()
    broker.wait()
    # A run without records of its own.
    assert wirelog(captures, "--filter", "tcp", *args, stderr=subprocess.DEVNULL).wait() == 0
    for log in "conn", "dns":
        check(f"spool-{log}", want[log], by_confluent(f"spool-{log}"))
    assert not glob.glob(folder + "/*.spool")
    print(f"wirelog was killed with {size} bytes in its spool and the broker down: {sum(map(len, want.values()))} records, "
          "all sent by the next run")


def allow(admin, *operations):
    """Gives the user wire rights to all topics that begin with zeek-."""
    acl = confluent_kafka.admin.AclBinding
    for op in operations:
        binding = acl(confluent_kafka.admin.ResourceType.TOPIC, "zeek-", confluent_kafka.admin.ResourcePatternType.PREFIXED,
                      "User:wire", "*", getattr(confluent_kafka.admin.AclOperation, op), confluent_kafka.admin.AclPermissionType.ALLOW)
        for done in admin.create_acls([binding]).values():
            done.result()


def begin(capture, want, said, *args):
    """Runs wirelog, and verifies its status and what it says."""
    run = wirelog(capture, *args, stderr=subprocess.PIPE, text=True)
    _, err = run.communicate(timeout=60)
    if run.returncode != want or said not in err or "kafka-go" in err or "(*Client)" in err:
        sys.exit(f"status {run.returncode}, want {want} and {said!r}: {err}")
    print(f"status {want}: {err.strip().splitlines()[-1] if err else 'nothing is said'}")


def start(captures):
    """Begins with a password, rights and topics that are wrong, and makes them right one by one."""
    broker = Broker(os.path.join(work, "secure"), os.path.join(work, "libs"), secure=True)
    try:
        broker.wait()
        admin = broker.admin()
        password = os.path.join(work, "password")
        url = f"kafka://wire@{ADDR}/?sasl=plain&sasl_password_file={password}&deadline=20s"
        flags = ["--logs", "conn,dns", "--kafka"]
        with open(password, "w", encoding="utf-8") as f:
            f.write("wrong\n")
        begin(captures, 2, "wrong user or password", *flags, url)
        begin(captures, 2, "does not offer SASL SCRAM-SHA-256, but PLAIN", *flags, url.replace("=plain", "=scram-sha-256"))
        begin(captures, 2, "closes connections without authentication", *flags, ADDR)
        begin(captures, 2, "there is no host no-such-host.invalid", *flags, "kafka://no-such-host.invalid")
        with open(password, "w", encoding="utf-8") as f:
            f.write("secret\n")
        begin(captures, 2, "the user wire has no right to write to topics zeek-conn, zeek-dns", *flags, url)
        allow(admin, "DESCRIBE")
        begin(captures, 2, "there are no topics zeek-conn, zeek-dns, and the user wire has no right to create them", *flags, url)
        begin(captures, 2, "no_create_topics is set", *flags, url + "&no_create_topics")
        allow(admin, "CREATE", "WRITE")
        begin(captures, 2, "replication factor is not possible", *flags, url + "&topic_replication=3")
        begin(captures, 0, "plain without tls", *flags, url + "&topic_partitions=2&topic_retention=1h&topic_retention_bytes=1000000000")
        found = admin.list_topics(timeout=10).topics
        if [len(found[t].partitions) for t in ("zeek-conn", "zeek-dns")] != [2, 2]:
            sys.exit(f"topics {found}")
        for name, done in admin.describe_configs([confluent_kafka.admin.ConfigResource("topic", "zeek-dns")]).items():
            settings = done.result()
            if (settings["retention.ms"].value, settings["retention.bytes"].value) != ("3600000", "1000000000"):
                sys.exit(f"{name}: {settings['retention.ms']} {settings['retention.bytes']}")
        print("topics were created with 2 partitions, retention.ms 3600000 and retention.bytes 1000000000")
    finally:
        broker.process.kill()
        broker.process.wait()


def examples():
    """Runs the examples of docs/outputs.md as printed there, except for the broker's port."""
    text = (ROOT / "docs" / "outputs.md").read_text().partition("## Three uses")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) == 3, len(blocks)
    folder = pathlib.Path(work) / "examples"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "build").symlink_to(ROOT / "build")
    (folder / "testdata").symlink_to(ROOT / "testdata")
    path = f"{work}/venv/bin:{os.environ['PATH']}"
    for block in blocks:
        block = block.replace("localhost:9092", ADDR)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, env={**os.environ, "PATH": path, "WIRELOG_SUMMARY": "none"},
                              check=False, capture_output=True, text=True)
        out = done.stdout.splitlines()
        if done.returncode != 0 or len(out) < 4:
            sys.exit(f"{block}\nstatus {done.returncode}\n{done.stdout}{done.stderr}")
        if "kcat" in block and not all(json.loads(line)["uid"] for line in out[1::2]):
            sys.exit(f"no records:\n{done.stdout}")
        print(f"example {next(line for line in block.splitlines() if 'build/wirelog' in line)}: {len(out)} lines")


def main():
    parts = sys.argv[2:] or ["start", "readers", "examples", "spool", "broker", "wirelog"]
    if "start" in parts:
        small = os.path.join(work, "small.pcap")
        make_capture(small, 2000, 1000)
        start([small])
    if parts == ["start"]:
        return
    broker = Broker(os.path.join(work, "broker"), os.path.join(work, "libs"))
    try:
        broker.wait()
        small, large = (os.path.join(work, name + ".pcap") for name in ("small", "large"))
        make_capture(small, 2000, 1000)
        if "readers" in parts:
            readers([small])
        if "examples" in parts:
            examples()
        if "spool" in parts:
            spool(broker, [small])
        if {"broker", "wirelog"} & set(parts):
            make_capture(large, int(os.environ.get("FLOWS", "100000")), 1000)
        if "broker" in parts:
            broker_dies(broker, [large], 10)
        if "wirelog" in parts:
            wirelog_dies([large], 20)
    finally:
        broker.process.kill()
        broker.process.wait()


if __name__ == "__main__":
    main()
