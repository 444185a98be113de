#!/bin/bash
# TLS and DTLS: OpenSSL on both sides in every version that it still supports, curl with nginx.
# Debian packages: iproute2 tcpdump tshark ethtool python3 openssl curl nginx-light
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need openssl:openssl curl:curl nginx:nginx-light

pair
cd "$tmp"
# Certificates: a root, an intermediate, a server (RSA and ECDSA), a client.
cat >ext.conf <<'END'
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[server]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectAltName=DNS:www.example.test,DNS:*.example.test,IP:10.77.0.2,IP:fd77::2,email:admin@example.test,URI:https://example.test/
[client]
basicConstraints=CA:FALSE
extendedKeyUsage=clientAuth
END
certificate() { # NAME ISSUER SECTION SUBJECT KEY-OPTIONS ...
	openssl req -new -newkey "${@:5}" -nodes -keyout "$1.key" -subj "$4" -utf8 -out "$1.csr" 2>/dev/null
	if [ "$2" = - ]; then
		openssl x509 -req -in "$1.csr" -signkey "$1.key" -extfile ext.conf -extensions "$3" -days 3650 -out "$1.pem" 2>/dev/null
	else
		openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -extfile ext.conf -extensions "$3" -days 3650 -out "$1.pem" 2>/dev/null
	fi
}
certificate root - ca '/C=NO/O=wirelog, testing/CN=Root' rsa:2048
certificate middle root ca '/C=NO/O=wirelog, testing/CN=Intermediate' rsa:2048
certificate rsa middle server '/C=NO/L=Ålesund/O=wirelog\/web/CN=www.example.test' rsa:2048
certificate ec middle server '/CN=www.example.test' ec -pkeyopt ec_paramgen_curve:P-256
certificate client root client '/O=wirelog/CN=a client' ec -pkeyopt ec_paramgen_curve:P-384
certificate ed25519 - server '/CN=ed25519.example.test' ed25519
cat middle.pem root.pem >chain.pem

port=14400
# server ARGUMENTS ... starts a server on the next port; $at is its address and port.
server() {
	port=$((port + 1))
	at=10.77.0.2:$port
	start "$B" openssl s_server -accept $port -quiet -naccept 4 -CAfile root.pem "$@"
	case " $* " in *" -dtls"*) listening "$B" u $port ;; *) listening "$B" t $port ;; esac
}
rsa=(-cert rsa.pem -key rsa.key -cert_chain chain.pem)
ec=(-cert ec.pem -key ec.key -cert_chain chain.pem)
weak=DEFAULT:@SECLEVEL=0
# client ARGUMENTS ... connects to $at, sends a line and disconnects.
client() {
	{ sleep 0.4; echo "hello"; sleep 0.4; } | a timeout 10 openssl s_client -connect "$at" -CAfile root.pem -servername www.example.test "$@" >>client.log 2>&1 || true
}

record tls-versions.pcap "$A" wl0 tcp
for v in tls1 tls1_1 tls1_2 tls1_3; do
	server "${rsa[@]}" -$v -cipher $weak
	client -$v -cipher $weak
done
server "${ec[@]}" -tls1_2
client -tls1_2
server "${rsa[@]}" -tls1_2 -cipher "AES128-SHA:@SECLEVEL=0"   # no forward secrecy
client -tls1_2 -cipher "AES128-SHA:@SECLEVEL=0"
server "${rsa[@]}" -tls1_2 -dhparam <(openssl dhparam -dsaparam 1024 2>/dev/null) -cipher "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"
client -tls1_2 -cipher "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0"
recorded
for v in 0x0301 0x0302 0x0303; do expect tls-versions.pcap "tls.handshake.type == 2 && tls.handshake.version == $v"; done
expect tls-versions.pcap 'tls.handshake.type == 2 && tls.handshake.extensions.supported_version == 0x0304'
expect tls-versions.pcap 'tls.handshake.certificate' 5

record tls-features.pcap "$A" wl0 tcp
server "${ec[@]}" -Verify 2 -tls1_2                           # client certificate
client -tls1_2 -cert client.pem -key client.key
server "${ec[@]}" -Verify 2
client -cert client.pem -key client.key
server "${ec[@]}" -alpn h2,http/1.1
client -alpn http/1.1,h2
server "${rsa[@]}" -tls1_2                                    # ticket, then resumption
client -tls1_2 -sess_out s12
client -tls1_2 -sess_in s12
server "${rsa[@]}" -tls1_2 -no_ticket                         # session id, then resumption
client -tls1_2 -no_ticket -sess_out s12id
client -tls1_2 -no_ticket -sess_in s12id
server "${ec[@]}" -early_data                                 # 1.3 ticket, then resumption with early data
client -sess_out s13
echo early >early
client -sess_in s13 -early_data early
server -nocert -psk 00112233445566778899aabbccddeeff -psk_hint hint -tls1_2
client -psk 00112233445566778899aabbccddeeff -psk_identity someone -tls1_2
server "${ec[@]}" -psk 00112233445566778899aabbccddeeff -psk_identity someone
client -psk 00112233445566778899aabbccddeeff -psk_identity someone -ciphersuites TLS_AES_128_GCM_SHA256
server "${ec[@]}" -groups P-384                               # hello retry request
client -groups X25519:P-384
server "${rsa[@]}" -tls1_2                                    # renegotiation
{ sleep 0.4; echo R; sleep 0.6; } | a timeout 10 openssl s_client -connect $at -tls1_2 >>client.log 2>&1 || true
server -cert ed25519.pem -key ed25519.key
client
server "${ec[@]}" -tls1_3
client -max_protocol TLSv1.2                                  # no version in common: an alert
server "${ec[@]}" -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
client -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256            # no cipher in common
server "${rsa[@]}" -tls1_2
client -tls1_2 -CAfile client.pem -verify_return_error        # the client does not trust the certificate: an alert
server "${rsa[@]}"
client -noservername
client -split_send_frag 512 -max_send_frag 512
recorded
for f in 'tls.handshake.type == 13' 'tls.handshake.extensions_alpn_str' 'tls.handshake.session_ticket_length > 0' \
	'tls.handshake.extensions.psk.identity.identity_length' 'tls.handshake.random == cf:21:ad:74:e5:9a:61:11:be:1d:8c:02:1e:65:b8:91:c2:a2:11:16:7a:bb:8c:5e:07:9e:09:e2:c8:a8:33:9c' \
	'tls.handshake.type == 2 && tls.handshake.extension.type == 41 && tcp.port == 14415' 	'tls.alert_message.desc == 70' 'tls.alert_message.desc == 40 && tcp.port == 14420' 'tls.alert_message.desc == 48' 'tls.handshake.type == 1 && tls.handshake.extension.type == 42'; do
	expect tls-features.pcap "$f"
done

record dtls.pcap "$A" wl0 udp
server "${ec[@]}" -dtls1 -cipher $weak
client -dtls1 -cipher $weak
server "${rsa[@]}" -dtls1_2 -mtu 600
client -dtls1_2 -mtu 600
server "${ec[@]}" -dtls1_2 -Verify 2
client -dtls1_2 -cert client.pem -key client.key
recorded
expect dtls.pcap 'dtls.handshake.type == 2' 3
expect dtls.pcap 'dtls.handshake.type == 3' 1
expect dtls.pcap 'dtls.handshake.fragment_offset > 0' 1

mkdir -p www
echo 'a page' >www/index.html
cat ec.pem middle.pem >ec-chain.pem
nginx_conf <<END
server {
	listen 443 ssl http2;
	listen [::]:443 ssl http2;
	ssl_certificate $tmp/ec-chain.pem;
	ssl_certificate_key $tmp/ec.key;
	root $tmp/www;
}
END
start "$B" nginx -c "$tmp/nginx.conf"
listening "$B" t 443
c() { a curl -s -m 10 --cacert root.pem "$@" >/dev/null || true; }
record tls-curl.pcap "$A" wl0 tcp port 443
c --resolve www.example.test:443:10.77.0.2 https://www.example.test/ https://www.example.test/missing
c --http1.1 --resolve www.example.test:443:fd77::2 https://www.example.test/
c --tls-max 1.2 --resolve other.example.test:443:10.77.0.2 https://other.example.test/
c https://10.77.0.2/
c --resolve wrong.name.test:443:10.77.0.2 https://wrong.name.test/      # the name does not match
recorded
expect tls-curl.pcap 'tls.handshake.type == 1' 5
expect tls-curl.pcap 'tls.alert_message || tls.handshake.extensions_alpn_str == "h2"'
good_checksums tls-versions.pcap tls-features.pcap dtls.pcap tls-curl.pcap
