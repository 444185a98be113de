#!/bin/bash
# NetBIOS: Samba's client and server over the session service, and the datagrams of its name
# server, that of the browser and one to a name.
# Debian packages: iproute2 tcpdump tshark ethtool python3 samba smbclient
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need smbd:samba nmbd:samba smbclient:smbclient smbpasswd:samba-common-bin

pair
cd "$tmp"
mkdir share
echo 'a file' >share/file.txt
record netbios.pcap "$A" wl0 tcp port 139 or udp port 137 or udp port 138
samba <<END
interfaces = wl0
bind interfaces only = yes
smb ports = 139
server min protocol = NT1
client min protocol = NT1
[files]
path = $tmp/share
force user = root
END
listening "$B" t 139
start "$B" nmbd -F -s "$tmp/smb.conf" -l "$tmp/log"
listening "$B" u 138
for d in NT1 SMB2_10; do
	ok smbclient //SERVER/files -I 10.77.0.2 -s smb.conf -U root%secret -p 139 -m $d -c 'get file.txt got'
done
echo 'to a name' | ok smbclient -M SERVER -I 10.77.0.2 -s smb.conf -p 139 || true
no smbclient //NOBODY/files -I 10.77.0.2 -s smb.conf -U root%secret -p 139 -m NT1 -c 'get nothing.txt'
a timeout 5 nmblookup -s "$tmp/smb.conf" -B 10.77.0.255 SERVER >/dev/null || true
sleep 12 # until the name server announces itself to the browser
recorded
expect netbios.pcap 'nbss.type == 0x81' 3
expect netbios.pcap 'nbss.type == 0x82' 2
expect netbios.pcap 'nbdgm' 1
expect netbios.pcap 'nbns' 2
