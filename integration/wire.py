"""A wire between two network namespaces, and the programs from Debian that use it."""
import os
import pathlib
import struct
import subprocess
import sys
import time

from common import debian

PACKAGES = {"tcpreplay": "tcpreplay", "tcpdump": "tcpdump", "ethtool": "ethtool", "ip": "iproute2"}
MTU = 65535  # so that packets pass that a host has put together


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


def prepare(work):
    """Returns the environment in which the programs are found, after downloading those that are missing."""
    env, why = debian(work, PACKAGES)
    if why:
        skip(why)
    return env


class Wire:
    """A pair of interfaces, tx and rx, each in a namespace of its own, with nothing on it but what is sent."""

    def __init__(self, env):
        self.env = env
        self.started = []
        self.names = {end: f"wl-{end}-{os.getpid()}" for end in ("tx", "rx")}

    def run(self, *command, end="", check=True):
        inside = ["ip", "netns", "exec", self.names[end]] if end else []
        return subprocess.run([*inside, *map(str, command)], env=self.env, check=check, capture_output=True, text=True)

    def start(self, *command, end="rx", **files):
        self.started.append(subprocess.Popen(["ip", "netns", "exec", self.names[end], *map(str, command)], env=self.env, **files))
        return self.started[-1]

    def open(self):
        for name in self.names.values():
            made = self.run("ip", "netns", "add", name, check=False)
            if made.returncode != 0:
                skip("network namespaces are not allowed here: " + made.stderr.strip())
        for end in self.names:
            self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6", end=end)

    def pair(self, rx="rx", tx="tx"):
        """Makes the interfaces, without offloads, and lets packets through that are longer than usual."""
        made = self.run("ip", "link", "add", "name", tx, "netns", self.names["tx"], "mtu", MTU, "type", "veth",
                        "peer", "name", rx, "netns", self.names["rx"], "mtu", MTU, check=False)
        if made.returncode != 0:
            skip("virtual interfaces are not allowed here: " + made.stderr.strip())
        for end, name in (("tx", tx), ("rx", rx)):
            for feature in ("rx", "tx", "gro", "gso", "tso"):
                self.run("ethtool", "-K", name, feature, "off", end=end, check=False)
            self.run("ip", "link", "set", "dev", name, "arp", "off", "up", end=end)

    def send(self, capture, *pace):
        sent = self.run("tcpreplay", "-q", "-i", "tx", *pace, capture, end="tx", check=False)
        if sent.returncode != 0:
            sys.exit("tcpreplay: " + sent.stderr)

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        for name in self.names.values():
            self.run("ip", "netns", "del", name, check=False)


def packets(path):
    """Returns the packets of a pcap file."""
    data = pathlib.Path(path).read_bytes()
    order, at, found = "<" if data[0] in (0xD4, 0x4D) else ">", 24, []
    while at + 16 <= len(data):
        n = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        found.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return found


def wait_for(what, ready, seconds=30):
    """Waits until ready returns true, and says how long that was."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            sys.exit(f"live: {what}: nothing in {seconds} seconds")
        time.sleep(0.02)
    return time.monotonic() - began
