#!/bin/bash
# HTTP/2 in the clear: nghttpd and nghttpx with nghttp, curl and h2load, and a gRPC server with its
# client.
# Debian packages: iproute2 tcpdump tshark ethtool nghttp2-server nghttp2-proxy nghttp2-client curl
#   python3-grpcio
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need nghttpd:nghttp2-server nghttpx:nghttp2-proxy nghttp:nghttp2-client h2load:nghttp2-client curl:curl
need_python grpc:python3-grpcio

pair
cd "$tmp"
mkdir www
paragraphs >www/page.html
png >www/dot.png
head -c 3000 /dev/zero | tr '\0' a >www/big.txt
start "$B" nghttpd --no-tls -v -d "$tmp/www" --echo-upload --push=/page.html=/dot.png --trailer 'x-trailer: end' 8080
start "$B" nghttpd --no-tls -d "$tmp/www" 8081
start "$B" nghttpx --frontend='*,8082;no-tls' --backend='127.0.0.1,8081;;proto=h2' --no-via --workers=1 --log-level=ERROR
start "$B" "$PYTHON" "$here/grpc_peer.py" serve
for p in 8080 8081 8082 8083; do listening "$B" t $p; done

record http2.pcap "$A" wl0 tcp
ok nghttp -n http://10.77.0.2:8080/page.html
# Several streams at once, with compressed and padded frames.
ok nghttp -n -b 16 http://10.77.0.2:8080/page.html http://10.77.0.2:8080/dot.png http://10.77.0.2:8080/none
ok curl -s --http2-prior-knowledge -A agent/1 -e http://referrer.test/ -d 'sent up' http://10.77.0.2:8080/echo%20it
ok curl -s --http2-prior-knowledge -u user:secret -o /dev/null http://10.77.0.2:8080/big.txt
# An upgrade from HTTP/1.1, and a page of HTTP/1.1 at the same port.
ok nghttp -n -u http://10.77.0.2:8082/page.html
ok curl -s --http2 -o /dev/null http://10.77.0.2:8082/dot.png
ok curl -s --http1.1 -o /dev/null http://10.77.0.2:8082/dot.png
# Requests that refer to the headers of those before.
ok h2load -n 6 -c 1 -m 2 http://10.77.0.2:8081/dot.png
# A server that does not speak it.
no curl -s --http2-prior-knowledge http://10.77.0.2:8084/
a timeout 30 "$PYTHON" "$here/grpc_peer.py" use 10.77.0.2 || die "grpc"
recorded
expect http2.pcap 'http2.headers.method'
expect http2.pcap 'http2.type == 5'
expect http2.pcap 'http.response.code == 101'
good_checksums http2.pcap
