#!/bin/bash
# FTP: curl, lftp and tnftp with pyftpdlib, with and without TLS.
# Debian packages: iproute2 tcpdump tshark ethtool python3 python3-pyftpdlib python3-openssl curl lftp tnftp openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need curl:curl lftp:lftp tnftp:tnftp openssl:openssl
need_python pyftpdlib:python3-pyftpdlib OpenSSL:python3-openssl

pair
cd "$tmp"
mkdir -p files/dir
seq 500 >files/data.txt
png >files/dot.png
echo 'A file in a folder.' >files/dir/inner.txt
seq 300 >mine.txt
self_signed /CN=ftp.test
cat key.pem >>cert.pem
start "$B" "$PYTHON" "$here/ftp_peer.py"
for p in 21 2811; do listening "$B" t $p; done
c() { a timeout 20 curl -gsS -o /dev/null "$@" 2>>curl.log || true; } # some are supposed to fail
l() { a timeout 30 lftp -c "set net:max-retries 1; set net:timeout 5; set ftp:use-mdtm no; $1" >>lftp.log 2>&1 || true; }
u=ftp://10.77.0.2

record ftp.pcap "$A" wl0 tcp
c $u/data.txt                                           # EPSV
c --disable-epsv $u/dot.png                             # PASV
c --disable-eprt -P 10.77.0.1 $u/dir/inner.txt          # PORT
c -P 10.77.0.1 $u/dir/                                  # EPRT
c "ftp://[fd77::2]/dot.png"
c -P fd77::1 "ftp://[fd77::2]/data.txt"
c -u writer:secret -T mine.txt $u/dir/curl.txt
c -u writer:secret -a -T mine.txt $u/dir/curl.txt       # APPE
c -u writer:wrong $u/data.txt
c $u/missing.txt
c -r 100-199 $u/data.txt                                # REST
l 'open -u writer,secret 10.77.0.2; set ftp:ssl-allow no; cd dir; put mine.txt; mv mine.txt yours.txt; get yours.txt; rm yours.txt; mkdir new; rmdir new; site help'
printf '%s\n' 'user anonymous guest@client.test' 'passive off' 'cd dir' 'ls' 'get inner.txt' 'quit' | a timeout 20 tnftp -n 10.77.0.2 >>tnftp.log 2>&1 || true
recorded
for f in RETR STOR APPE PASV EPSV PORT EPRT REST RNFR DELE; do expect ftp.pcap "ftp.request.command == \"$f\""; done
expect ftp.pcap 'ftp.response.code == 530'
expect ftp.pcap 'ftp.response.code == 550'

record ftp-tls.pcap "$A" wl0 tcp
c -k --ssl-reqd -u writer:secret ftp://10.77.0.2:2811/data.txt
l 'open -u writer,secret -p 2811 10.77.0.2; set ftp:ssl-force yes; set ftp:ssl-protect-data no; set ssl:verify-certificate no; get dot.png -o tls.png'
c -k --ssl ftp://10.77.0.2/data.txt                     # refused, continues in the clear
recorded
expect ftp-tls.pcap 'tcp contains "AUTH TLS"' 3
expect ftp-tls.pcap 'tls.handshake.type == 1' 3
good_checksums ftp.pcap ftp-tls.pcap
