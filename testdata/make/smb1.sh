#!/bin/bash
# SMB1: Samba's client and server with NT LM 0.12 and LANMAN, and messages that they do not send.
# Debian packages: iproute2 tcpdump tshark ethtool python3 samba smbclient
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need smbd:samba smbclient:smbclient smbpasswd:samba-common-bin rpcclient:smbclient

pair
cd "$tmp"
mkdir -p share/deep
chmod -R 777 share
head -c 3000 /dev/zero | tr '\0' z >share/zeros.txt
printf '%s\n' '#!/bin/sh' 'echo a script' >share/script.sh
seq -f 'line %g of a file that takes several reads' 700 >share/large.txt
touch -d '2022-06-01 12:00:00 UTC' share/*.txt share/script.sh
samba <<END
server min protocol = LANMAN1
client min protocol = LANMAN1
lanman auth = yes
client lanman auth = yes
ntlm auth = yes
raw NTLMv2 auth = yes
map to guest = bad user
guest account = nobody
smb ports = 445 139
[files]
path = $tmp/share
guest ok = yes
read only = no
force user = root
END
smbd=$started
listening "$B" t 445
listening "$B" t 139

client=(smbclient -s smb.conf //10.77.0.2/files)
nt=(-m NT1)

record smb1-samba.pcap "$A" wl0 tcp
ok "${client[@]}" "${nt[@]}" -U root%secret -c 'ls; get zeros.txt zeros; put zeros new.txt; rename new.txt renamed.txt; mkdir made; cd made; cd ..; rmdir made; allinfo zeros.txt; del renamed.txt'
ok "${client[@]}" "${nt[@]}" -U root%secret -p 139 -c 'get script.sh script; cd deep; ls'
no "${client[@]}" "${nt[@]}" -U root%wrong -c ls
no smbclient -s smb.conf //10.77.0.2/nothing "${nt[@]}" -U root%secret -c ls
ok smbclient -s smb.conf -L 10.77.0.2 "${nt[@]}" -U root%secret
ok rpcclient -s smb.conf 10.77.0.2 --option='client max protocol=NT1' --option='client ipc max protocol=NT1' --option='client ipc min protocol=NT1' -U root%secret -c srvinfo
recorded
expect smb1-samba.pcap 'smb.cmd == 0x73' 10
expect smb1-samba.pcap 'smb.cmd == 0xa2' 4
expect smb1-samba.pcap 'smb.cmd == 0x2f' 1
expect smb1-samba.pcap 'smb.cmd == 0x25' 1
reject smb1-samba.pcap smb2

record smb1-dialects.pcap "$A" wl0 tcp
ok "${client[@]}" -m LANMAN2 -N -c 'ls; get zeros.txt zeros'
ok "${client[@]}" -m LANMAN1 -N -c 'ls'
ok "${client[@]}" "${nt[@]}" --option='client use spnego=no' --option='client NTLMv2 auth=no' -U root%secret -c 'get large.txt large'
recorded
expect smb1-dialects.pcap 'smb.cmd == 0x72' 6
reject smb1-dialects.pcap smb2
stop "$smbd" t 445

start "$B" "$PYTHON" "$here/smb1_peer.py" serve
listening "$B" t 445
record smb1-talk.pcap "$A" wl0 tcp
a timeout 30 "$PYTHON" "$here/smb1_peer.py" talk 10.77.0.2 || die "talk"
recorded
for c in 0x00 0x10 0x2b 0x2f 0x33 0x26 0x71 0xa4; do expect smb1-talk.pcap "smb.cmd == $c"; done
record smb1-odd.pcap "$A" wl0 tcp
a timeout 30 "$PYTHON" "$here/smb1_peer.py" odd 10.77.0.2 || die "odd"
recorded
good_checksums smb1-samba.pcap smb1-dialects.pcap smb1-talk.pcap smb1-odd.pcap
