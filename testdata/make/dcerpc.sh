#!/bin/bash
# DCE/RPC with NTLM: rpcclient and Samba over named pipes and over TCP with the endpoint
# mapper, with every protection level; right and wrong passwords.
# Debian packages: iproute2 tcpdump tshark ethtool python3 samba smbclient
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need smbd:samba smbclient:smbclient smbpasswd:samba-common-bin rpcclient:smbclient

pair
cd "$tmp"
mkdir -p share
samba <<END
smb ports = 445
rpc start on demand helpers = no
[files]
path = $tmp/share
END
# Started on its own, samba-dcerpcd also serves TCP.
dcerpcd=$(find /usr/lib /usr/libexec -name samba-dcerpcd -type f | head -1)
start "$B" "$dcerpcd" -F -s "$tmp/smb.conf" -l "$tmp/log" --libexec-rpcds
listening "$B" t 445
listening "$B" t 135

# try COMMAND ... runs a client that may fail: Samba refuses some calls over TCP, with an answer.
try() { a timeout 20 "$@" >>client.log 2>&1 </dev/null || true; }
user=(-s smb.conf -U root%secret)
server=10.77.0.2

record dcerpc-pipes.pcap "$A" wl0 tcp
ok rpcclient "ncacn_np:$server" "${user[@]}" -c 'srvinfo; netshareenumall; enumdomusers; lookupnames root; lsaquery'
ok rpcclient "ncacn_np:${server}[sign]" "${user[@]}" -c 'enumdomusers'
ok rpcclient "ncacn_np:${server}[seal]" "${user[@]}" -c 'lsaquery'
recorded
expect dcerpc-pipes.pcap 'dcerpc.pkt_type == 11' 4
expect dcerpc-pipes.pcap 'dcerpc.pkt_type == 2' 8

record dcerpc-tcp.pcap "$A" wl0 tcp
for how in connect sign seal sign,spnego seal,ntlm; do
	try rpcclient "ncacn_ip_tcp:${server}[$how]" "${user[@]}" -c 'lsaquery; srvinfo'
done
no rpcclient "ncacn_ip_tcp:${server}[sign,ntlm]" -s smb.conf -U root%wrong -c lsaquery
recorded
expect dcerpc-tcp.pcap 'dcerpc.pkt_type == 11' 6
expect dcerpc-tcp.pcap 'epm.opnum == 3' 2
expect dcerpc-tcp.pcap 'ntlmssp.messagetype == 3' 3

record ntlm.pcap "$A" wl0 tcp
ok smbclient "//$server/files" "${user[@]}" -c ls
no smbclient "//$server/files" -s smb.conf -U root%wrong -c ls
no smbclient "//$server/files" -s smb.conf -U 'ELSEWHERE\Jörg%wrong' -c ls
no smbclient "//$server/files" -s smb.conf -N -c ls
recorded
expect ntlm.pcap 'ntlmssp.messagetype == 3' 3
good_checksums dcerpc-pipes.pcap dcerpc-tcp.pcap ntlm.pcap
