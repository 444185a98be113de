#!/bin/bash
# STUN and TURN, WireGuard, IKE and OpenVPN.
# Debian packages: iproute2 tcpdump tshark ethtool coturn socat wireguard-go wireguard-tools
#   strongswan-charon strongswan-swanctl libstrongswan-standard-plugins libcharon-extra-plugins openvpn openssl iputils-ping
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
CHARON=${CHARON:-/usr/lib/ipsec/charon}
need turnserver:coturn socat:socat wireguard-go:wireguard-go wg:wireguard-tools "$CHARON:strongswan-charon" swanctl:strongswan-swanctl \
	openvpn:openvpn openssl:openssl ping:iputils-ping
cd "$tmp"
pair

# STUN and TURN: the address of a client, behind a translator and over IPv6; allocations over
# UDP and TCP, with channels and with indications; a wrong password.
start "$B" turnserver -n --log-file stdout --no-cli --no-tls --no-dtls --no-rfc5780 --listening-ip 10.77.0.2 --listening-ip fd77::2 \
	--relay-ip 10.77.0.2 --listening-port 3478 --lt-cred-mech --user user:password --realm test --pidfile "$tmp/turn.pid" --db "$tmp/turn.db"
start "$B" turnutils_peer -L 10.77.0.2 -p 3480
start "$B" socat UDP4-LISTEN:3479,bind=10.77.0.2,fork UDP4:10.77.0.2:3478
listening "$B" u 3478
listening "$B" t 3478
record stun.pcap "$A" wl0 port 3478 or udp port 3479
a timeout 10 turnutils_stunclient 10.77.0.2 >>client.log 2>&1 || die "stunclient"
a timeout 10 turnutils_stunclient fd77::2 >>client.log 2>&1 || die "stunclient over IPv6"
a timeout 10 turnutils_stunclient -p 3479 10.77.0.2 >>client.log 2>&1 || die "stunclient behind a translator"
turn() { a timeout 30 turnutils_uclient -L 10.77.0.1 -e 10.77.0.2 -r 3480 -u user -n 2 -m 1 -l 64 "$@" 10.77.0.2 >>client.log 2>&1; }
turn -w password || die "uclient"
turn -w password -s || die "uclient with indications"
turn -w password -t || die "uclient over TCP"
turn -w wrong || true
recorded
for t in 0x0001 0x0101 0x0003 0x0113 0x0103 0x0009 0x0109 0x0008 0x0016 0x0017; do expect stun.pcap "stun.type == $t"; done
expect stun.pcap 'stun.channel'

# WireGuard: a session in each direction, and a peer whose key the other one does not know.
# The names of devices differ, since wg finds them by files that all namespaces share.
(umask 077 && for n in a b c; do wg genkey >$n.key; done)
for n in a b c; do wg pubkey <$n.key >$n.pub; done
start "$A" wireguard-go -f wla
start "$B" wireguard-go -f wlb
start "$A" wireguard-go -f wlc
wait_for "$A" wg show wla
wait_for "$B" wg show wlb
wait_for "$A" wg show wlc
a wg set wla private-key a.key listen-port 51821 peer "$(cat b.pub)" endpoint 10.77.0.2:51820 allowed-ips 10.78.0.2/32
b wg set wlb private-key b.key listen-port 51820 peer "$(cat a.pub)" allowed-ips 10.78.0.1/32
a wg set wlc private-key c.key listen-port 51822 peer "$(cat b.pub)" endpoint 10.77.0.2:51820 allowed-ips 10.79.0.2/32
ip -n "$A" addr add 10.78.0.1/24 dev wla
ip -n "$B" addr add 10.78.0.2/24 dev wlb
ip -n "$A" addr add 10.79.0.1/24 dev wlc
record wireguard.pcap "$A" wl0 udp
for dev in wla wlc; do ip -n "$A" link set $dev up; done
ip -n "$B" link set wlb up
a ping -q -c 2 -i 0.2 10.78.0.2 >>client.log || die "no ping through WireGuard"
a timeout 8 ping -q -c 1 -W 7 10.79.0.2 >>client.log || true
recorded
for t in 1 2 4; do expect wireguard.pcap "wg.type == $t"; done
for dev in wla wlc; do ip -n "$A" link del $dev; done
ip -n "$B" link del wlb

# IKE: version 2 with a shared key and with certificates, and version 1 in main and aggressive
# mode, all with ESP in UDP; proposals that the other side refuses, and a wrong key.
mkdir -p pki
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=ca" -keyout pki/ca.key -out pki/ca.pem 2>/dev/null
for n in a b; do
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$n.test" -keyout pki/$n.key -out pki/$n.csr 2>/dev/null
	printf 'subjectAltName=DNS:%s.test\n' $n >pki/$n.ext
	openssl x509 -req -in pki/$n.csr -CA pki/ca.pem -CAkey pki/ca.key -CAcreateserial -days 3650 -extfile pki/$n.ext -out pki/$n.pem 2>/dev/null
done
# connection FROM TO NAME VERSION PROPOSAL AUTH MORE ID PEER prints a connection.
connection() {
	cat <<-END
		$3 {
			version = $4
			local_addrs = 10.77.0.$1
			remote_addrs = 10.77.0.$2
			encap = yes
			proposals = $5
			${7:-}
			local { auth = $6
				id = $8
				$([ "$6" = pubkey ] && echo "certs = $8.pem" || true)
			}
			remote { auth = $6
				id = $9
			}
			children { $3 {
				local_ts = 10.80.0.$1/32
				remote_ts = 10.80.0.$2/32
				esp_proposals = aes128-sha256
			} }
		}
	END
}
for n in a b; do
	if [ $n = a ]; then l=1 r=2 i=a.test o=b.test; else l=2 r=1 i=b.test o=a.test; fi
	mkdir -p $n/x509 $n/x509ca $n/ecdsa
	cp pki/$n.pem "$n/x509/$i.pem"
	cp pki/ca.pem $n/x509ca/
	cp pki/$n.key $n/ecdsa/
	offered=aes128-sha256-modp2048
	[ $n = a ] && refused=3des-sha1-modp1024 || refused=$offered
	{
		echo 'connections {'
		connection $l $r psk2 2 $offered,aes256-sha512-curve25519 psk "" "$i" "$o"
		connection $l $r cert2 2 aes128-sha256-ecp256 pubkey "" "$i" "$o"
		connection $l $r main1 1 aes128-sha1-modp1024 psk "" "$i" "$o"
		connection $l $r refused2 2 $refused psk "" "$i" "$o"
		connection $l $r aggressive1 1 aes128-sha1-modp1024 psk "aggressive = yes" "$i" "$o"
		connection $l $r wrong2 2 aes256-sha256-modp2048 psk "" "x$i" "$o"
		printf '}\nsecrets { ike-1 { secret = secret } }\n'
	} >$n/swanctl.conf
	cat >$n/strongswan.conf <<-END
		charon {
			load = random nonce aes sha1 sha2 hmac kdf gmp curve25519 openssl pem pkcs1 pkcs8 pubkey x509 constraints kernel-libipsec kernel-netlink socket-default vici
			i_dont_care_about_security_and_use_aggressive_mode_psk = yes
			plugins { vici { socket = unix://$tmp/$n.vici } }
			filelog { stderr { default = 1 } }
		}
		swanctl { plugins { vici { socket = unix://$tmp/$n.vici } } }
	END
done
# swan NS NAME COMMAND ... runs a command with its own /run.
swan() {
	local ns=$1 name=$2
	shift 2
	ip netns exec "$ns" env STRONGSWAN_CONF="$tmp/$name/strongswan.conf" SWANCTL_DIR="$tmp/$name" "$@"
}
# ESP is done by charon itself, since a kernel may lack it.
ip -n "$A" addr add 10.80.0.1/32 dev lo
ip -n "$B" addr add 10.80.0.2/32 dev lo
for n in a b; do
	[ $n = a ] && ns=$A || ns=$B
	swan "$ns" $n unshare -m sh -c 'mount -t tmpfs none /run && exec "$0"' "$CHARON" >>started.log 2>&1 &
	for _ in $(seq 50); do [ -S $n.vici ] && break; sleep 0.1; done
	swan "$ns" $n swanctl --load-all --noprompt --uri "unix://$tmp/$n.vici" >>client.log 2>&1 || die "swanctl: $(tail -5 client.log)"
done
record ipsec.pcap "$A" wl0 udp
for c in psk2 cert2 main1 aggressive1; do
	swan "$A" a timeout 20 swanctl --initiate --child $c --uri "unix://$tmp/a.vici" >>client.log 2>&1 || die "$c: $(tail -5 client.log)"
	a ping -q -c 2 -i 0.2 -I 10.80.0.1 10.80.0.2 >>client.log || die "no ping through $c"
	swan "$A" a timeout 20 swanctl --terminate --ike $c --uri "unix://$tmp/a.vici" >>client.log 2>&1 || die "$c does not end"
done
for c in refused2 wrong2; do
	! swan "$A" a timeout 20 swanctl --initiate --child $c --uri "unix://$tmp/a.vici" >>client.log 2>&1 || die "$c"
done
recorded
for t in 2 4 5 32 34 35 37; do expect ipsec.pcap "isakmp.exchangetype == $t"; done
expect ipsec.pcap esp 8

# OpenVPN: TLS over UDP and TCP, with and without HMACs of the control channel, an encrypted one,
# and a static key.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=peer" -keyout peer.key -out peer.pem 2>/dev/null
fingerprint=$(openssl x509 -in peer.pem -noout -fingerprint -sha256 | cut -d= -f2)
openvpn --genkey secret static.key
record openvpn.pcap "$A" wl0 udp or tcp
# vpn PORT PROTOCOL OPTION ... connects a client with a server for some seconds.
vpn() {
	local port=$1 proto=$2 server client
	shift 2
	case $proto in udp) server=udp client=udp ;; tcp) server=tcp-server client=tcp-client ;; esac
	local both=(--dev null --verb 3 --ping 1)
	local tls=(--cert peer.pem --key peer.key --peer-fingerprint "$fingerprint")
	case " $* " in *' --secret '*) tls=() ;; esac
	start "$B" openvpn "${both[@]}" --proto $server --lport "$port" ${tls:+--tls-server --dh none} "${tls[@]}" "$@"
	local pid=$started
	listening "$B" "${proto:0:1}" "$port"
	a timeout 4 openvpn "${both[@]}" --proto $client --remote 10.77.0.2 --rport "$port" --nobind ${tls:+--tls-client} "${tls[@]}" "$@" >>vpn.log 2>&1 || true
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}
vpn 1194 udp
vpn 1195 tcp
vpn 1196 udp --tls-auth static.key
vpn 1197 tcp --tls-auth static.key --auth SHA512
vpn 1198 udp --tls-auth static.key --auth SHA256
vpn 1199 udp --tls-crypt static.key
vpn 1200 udp --secret static.key --cipher AES-256-CBC
recorded
grep -c 'Initialization Sequence Completed' vpn.log | grep -qx 7 || die "not all of OpenVPN's sessions were established: $(tail -5 vpn.log)"
good_checksums stun.pcap wireguard.pcap ipsec.pcap openvpn.pcap
