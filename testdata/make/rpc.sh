#!/bin/bash
# ONC RPC: the portmapper with rpcinfo, MOUNT and NFS version 3 with libnfs and NFS-Ganesha,
# whose files are in memory. rpc_peer.py makes the calls that no tool makes.
# Debian packages: iproute2 tcpdump tshark ethtool python3 rpcbind nfs-ganesha nfs-ganesha-mem libnfs-utils
# GANESHA_PLUGINS may name the folder of libfsalmem.so.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need rpcbind:rpcbind rpcinfo:rpcbind ganesha.nfsd:nfs-ganesha nfs-ls:libnfs-utils

pair
cd "$tmp"
seq 300 >mine.txt
mkdir -p /run/rpcbind
start "$B" rpcbind -f -i
listening "$B" t 111
plugins=${GANESHA_PLUGINS:-/usr/lib/x86_64-linux-gnu/ganesha}
cat >ganesha.conf <<-END
	NFS_CORE_PARAM {
		Protocols = 3;
		MNT_Port = 20048;
		Enable_NLM = false;
		Enable_RQUOTA = false;
		Plugins_Dir = "$plugins";
	}
	NFSv4 { UseGetpwnam = true; }
	EXPORT {
		Export_Id = 1;
		Path = /export;
		Pseudo = /export;
		Protocols = 3;
		Access_Type = RW;
		Squash = None;
		SecType = sys, none;
		FSAL { Name = MEM; }
	}
END
start "$B" ganesha.nfsd -F -f "$tmp/ganesha.conf" -L "$tmp/ganesha.log" -p "$tmp/ganesha.pid" -N WARN
listening "$B" t 2049
listening "$B" t 20048
n="nfs://10.77.0.2/export"

record rpc.pcap "$A" wl0 tcp or udp
sleep 1
a rpcinfo -p 10.77.0.2 >>client.log
a rpcinfo -T udp 10.77.0.2 100003 3 >>client.log 2>&1 || true
a rpcinfo -T tcp 10.77.0.2 100005 3 >>client.log 2>&1 || true
ok nfs-cp mine.txt "$n/mine.txt"
ok nfs-ls "$n"
ok nfs-cat "$n/mine.txt"
no nfs-cat "$n/missing.txt"
ok "$PYTHON" "$here/rpc_peer.py" 10.77.0.2
recorded
for p in 1 2 3 5 6 7 8 9 10 12 13 14 15 16 17; do expect rpc.pcap "nfs.procedure_v3 == $p"; done
for p in 0 1 3 4 5; do expect rpc.pcap "mount.procedure_v3 == $p"; done
expect rpc.pcap 'portmap.procedure_v2 == 3'
expect rpc.pcap 'portmap.procedure_v2 == 4'
good_checksums rpc.pcap
