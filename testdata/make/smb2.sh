#!/bin/bash
# SMB2 and SMB3: Samba's client and server in every dialect, signed and encrypted, named
# pipes, and the NetBIOS session service.
# Debian packages: iproute2 tcpdump tshark ethtool python3 samba smbclient
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need smbd:samba smbclient:smbclient smbpasswd:samba-common-bin rpcclient:smbclient

pair
cd "$tmp"
mkdir -p share/deep
chmod -R 777 share
printf '%s\n' '#!/bin/sh' 'echo a script' >share/script.sh
seq -f 'line %g of a file that is read in parts' 300 >share/lines.txt
printf 'MZ and no more' >share/short.exe
touch -d '2022-06-01 12:00:00 UTC' share/*.*
samba <<END
server min protocol = SMB2_02
client min protocol = SMB2_02
smb ports = 445 139
smb2 max read = 65536
[files]
path = $tmp/share
read only = no
force user = root
[secret]
path = $tmp/share
read only = no
force user = root
smb encrypt = required
END
smbd=$started
listening "$B" t 445
listening "$B" t 139

user=(-s smb.conf -U root%secret)
files=(smbclient //10.77.0.2/files "${user[@]}")
work='ls; get lines.txt lines; put lines.txt new.txt; rename new.txt renamed.txt; setmode renamed.txt +h; mkdir made; cd made; cd ..; rmdir made; allinfo lines.txt; del renamed.txt'
cp share/lines.txt lines.txt

for d in SMB2_02 SMB2_10 SMB3_00 SMB3_11; do
	record "${d,,}.pcap" "$A" wl0 tcp
	ok "${files[@]}" -m $d -c "$work"
	recorded
	mv "$out/${d,,}.pcap" "$out/smb-${d:3:1}-${d#*_}.pcap"
done
expect smb-2-02.pcap 'smb2.dialect == 0x0202'
expect smb-2-10.pcap 'smb2.dialect == 0x0210'
expect smb-3-00.pcap 'smb2.dialect == 0x0300'
expect smb-3-11.pcap 'smb2.dialect == 0x0311'
for f in 2-02 2-10 3-00 3-11; do
	expect smb-$f.pcap 'smb2.cmd == 5' 8
	expect smb-$f.pcap 'smb2.cmd == 17' 2
	good_checksums smb-$f.pcap
done

record smb-use.pcap "$A" wl0 tcp
ok "${files[@]}" --client-protection=sign -c 'get script.sh script; put script deep/script.sh; del deep/script.sh'
ok "${files[@]}" --client-protection=encrypt -c 'get script.sh script'
ok smbclient //10.77.0.2/secret "${user[@]}" -c 'get lines.txt lines'
ok smbclient //fd77::2/files "${user[@]}" -c 'get short.exe short.exe; get short.exe again.exe'
ok smbclient //10.77.0.2/files "${user[@]}" -p 139 -c 'get script.sh script'
no smbclient //10.77.0.2/files -s smb.conf -U root%wrong -c ls
no smbclient //10.77.0.2/nothing "${user[@]}" -c ls
no "${files[@]}" -c 'get nothing.txt'
ok smbclient -L 10.77.0.2 "${user[@]}"
ok rpcclient 10.77.0.2 "${user[@]}" -c 'srvinfo; lsaquery'
recorded
expect smb-use.pcap 'smb2.header.transform.flags' 4
expect smb-use.pcap 'nbss.type == 0x81'
expect smb-use.pcap 'dcerpc' 4
good_checksums smb-use.pcap
stop "$smbd" t 445

start "$B" "$PYTHON" "$here/smb2_peer.py" server
listening "$B" t 139
listening "$B" t 445
record smb-odd.pcap "$A" wl0 tcp port 139 or port 445
a timeout 60 "$PYTHON" "$here/smb2_peer.py" client 10.77.0.2
recorded
expect smb-odd.pcap 'nbss.type == 0x85'
good_checksums smb-odd.pcap
