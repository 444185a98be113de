#!/bin/bash
# HTTP: curl and a browser with nginx, a proxy, WebSocket, and hand-made requests and replies.
# Debian packages: iproute2 tcpdump tshark ethtool python3 python3-websockets nginx-light curl tinyproxy openssl chromium-headless-shell
# Without chromium-headless-shell, http-browser.pcap is not replaced.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need nginx:nginx-light curl:curl tinyproxy:tinyproxy openssl:openssl
need_python websockets:python3-websockets

pair
cd "$tmp"
mkdir -p www/dir www/put
{
	echo '<!doctype html><title>A page</title><link rel=stylesheet href=/style.css><script src=/app.js></script><img src=/dot.png>'
	paragraphs
} >www/index.html
echo 'body { color: #123 }' >www/style.css
cat >www/app.js <<'END'
fetch("/plain.json").then(r => r.json()).then(j => fetch("/missing", {method: "POST", body: JSON.stringify(j)}))
	.then(() => fetch("/data.bin", {headers: {Range: "bytes=100-299"}}))
	.then(() => fetch("/upload", {method: "POST", body: new URLSearchParams({name: "a value", other: "b&c"})}))
	.then(() => { const f = new FormData(); f.append("text", "some"); f.append("file", new Blob(["1,2\n"], {type: "text/csv"}), "a list.csv"); return fetch("/upload", {method: "POST", body: f}) })
END
png >www/dot.png
echo '{"plain": true}' >www/plain.json
seq 2000 >www/data.txt
head -c 5000 /dev/urandom >www/data.bin
printf 'user:%s\n' "$(openssl passwd -apr1 secret)" >htpasswd
nginx_conf <<END
types { text/html html; text/css css; application/javascript js; application/json json; image/png png; text/plain txt; application/octet-stream bin; }
gzip on;
gzip_types text/plain;
gzip_min_length 100;
client_max_body_size 100k;
server {
	listen 80;
	listen [::]:80;
	listen 4711;
	root $tmp/www;
	location /moved { return 302 /plain.json; }
	location /put { proxy_pass http://127.0.0.1:81; }
	location /gone { return 410; }
	location /login { auth_basic "members only"; auth_basic_user_file $tmp/htpasswd; try_files /plain.json =404; }
	location /upload { return 200 "taken\n"; client_body_in_single_buffer on; proxy_pass http://127.0.0.1:81; }
	location /ws { proxy_pass http://10.77.0.2:8765; proxy_http_version 1.1; proxy_set_header Upgrade \$http_upgrade; proxy_set_header Connection upgrade; }
}
server { listen 127.0.0.1:81; location / { return 200 "taken\n"; } }
END
# nginx reads a body before it replies only if it forwards the request.
sed -i 's/return 200 "taken\\n"; client_body/client_body/' nginx.conf
cat >tinyproxy.conf <<END
Port 3128
Listen 10.77.0.2
Timeout 30
Allow 10.77.0.0/24
ConnectPort 80
ConnectPort 4711
END
start "$B" nginx -c "$tmp/nginx.conf"
start "$B" "$PYTHON" "$here/http_peer.py" serve 8081
start "$B" "$PYTHON" "$here/http_peer.py" websocket-server 8765
start "$B" tinyproxy -d -c "$tmp/tinyproxy.conf"
for p in 80 81 4711 8081 8765 3128; do listening "$B" t $p; done

c() { a curl -s -S -m 10 -A wirelog-curl/1 "$@" >/dev/null || true; }
u=http://10.77.0.2

record http.pcap "$A" wl0 tcp
c $u/plain.json $u/missing $u/plain.json                # keep-alive
c --compressed $u/
c --compressed $u/data.txt
c -r 0-99 $u/data.txt
c -r 100-199,300-349 $u/data.txt
c -C 8800 $u/data.txt
c -r 99999- $u/data.txt
c -I $u/
c -d 'name=value&other=thing' $u/upload
c -F 'field=text' -F "file=@$tmp/www/dot.png;type=image/png" -F "page=@$tmp/www/index.html" $u/upload
c -T "$tmp/www/plain.json" $u/put/new.json
c -H 'Expect: 100-continue' --expect100-timeout 2 -H 'Content-Type: text/plain' --data-binary "@$tmp/www/data.txt" $u/upload
c -H 'Transfer-Encoding: chunked' --data-binary "@$tmp/www/plain.json" $u/upload
c -L $u/moved
c $u/gone
c $u/login
c -u user:secret $u/login
c -u user:wrong $u/login
c -e http://from.example.test/ -b 'session=1; other=2' $u/plain.json
c -z "$tmp/www/plain.json" $u/plain.json                       # not modified
c -0 $u/plain.json
c -X DELETE $u/plain.json
c -H 'Expect: 100-continue' --data-binary "@$tmp/www/data.bin" -H 'Content-Length: 300000' $u/upload -m 2
c "http://[fd77::2]/plain.json" "http://[fd77::2]/data.bin"
c http://user:pw@10.77.0.2:4711/plain.json              # a port without a registered protocol
recorded
for n in 100 200 206 302 304 401 404 405 410 413 416; do expect http.pcap "http.response.code == $n"; done
for f in 'http.content_encoding == "gzip"' 'http.transfer_encoding' 'mime_multipart' 'http.request.method == "PUT"' 'http.authbasic' 'tcp.port == 4711 && http'; do expect http.pcap "$f"; done

record http-raw.pcap "$A" wl0 tcp port 80
a timeout 60 "$PYTHON" "$here/http_peer.py" raw 10.77.0.2
recorded
expect http-raw.pcap http.request 10

record http-odd.pcap "$A" wl0 tcp port 8081
a timeout 60 "$PYTHON" "$here/http_peer.py" odd fd77::2 8081
recorded
expect http-odd.pcap http.response 15

record http-proxy.pcap "$A" wl0 tcp port 3128
c -x http://10.77.0.2:3128 $u/plain.json
c -p -x http://10.77.0.2:3128 $u/plain.json $u/missing  # CONNECT, HTTP inside
c -p -x http://10.77.0.2:3128 http://10.77.0.2:22/      # CONNECT refused
c -x http://me:pw@10.77.0.2:3128 $u/plain.json
recorded
expect http-proxy.pcap 'http.request.method == "CONNECT"' 2

record websocket.pcap "$A" wl0 tcp port 8765 or tcp port 80
a timeout 40 "$PYTHON" "$here/http_peer.py" websocket ws://10.77.0.2:8765/chat
a timeout 40 "$PYTHON" "$here/http_peer.py" websocket ws://10.77.0.2/ws
a timeout 40 "$PYTHON" "$here/http_peer.py" websocket 'ws://[fd77::2]:8765/'
recorded
expect websocket.pcap 'websocket.opcode == 1' 10
expect websocket.pcap 'websocket.opcode == 8' 4
expect websocket.pcap 'websocket.opcode == 9' 2
expect websocket.pcap 'http.response.code == 101' 3

if command -v chromium-headless-shell >/dev/null; then
	record http-browser.pcap "$A" wl0 'tcp port 80'
	a timeout 40 chromium-headless-shell --no-sandbox --disable-gpu --disable-background-networking --user-data-dir="$tmp/chromium" \
		--virtual-time-budget=3000 --dump-dom $u/ >"$tmp/dom" 2>"$tmp/chromium.log" || true
	recorded
	expect http-browser.pcap 'http.user_agent contains "Chrom"' 3
	expect http-browser.pcap 'http.content_encoding == "gzip"'
	expect http-browser.pcap 'http.response.code == 206'
	expect http-browser.pcap 'http.request.method == "POST"' 3
fi
good_checksums http.pcap http-raw.pcap http-odd.pcap http-proxy.pcap websocket.pcap
