#!/bin/bash
# DNS: dig, a validating resolver, a signed zone; TCP, zone transfers, updates; multicast DNS, LLMNR, NetBIOS names.
# Debian packages: iproute2 tcpdump tshark ethtool python3 bind9 bind9-utils bind9-dnsutils unbound avahi-daemon samba samba-common-bin
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need dig:bind9-dnsutils nsupdate:bind9-dnsutils named:bind9 dnssec-signzone:bind9-utils tsig-keygen:bind9 \
	unbound:unbound avahi-daemon:avahi-daemon nmbd:samba nmblookup:samba-common-bin

pair
ip -n "$B" addr add 10.77.0.3/24 dev wl0
ip -n "$B" addr add fd77::3/64 dev wl0 nodad
for v in "$A 1" "$B 2"; do
	read -r ns n <<<"$v"
	ip -n "$ns" route add 224.0.0.0/4 dev wl0
done

cd "$tmp"
mkdir -p named
cat >zone <<'END'
$ORIGIN example.test.
$TTL 300
@	SOA	ns admin 2024010101 7200 3600 86400 60
	NS	ns
	NS	ns2
	MX	10 mail
	MX	20 backup.mail
	TXT	"v=spf1 mx -all" "a second string"
	CAA	0 issue "ca.example.test"
	CAA	128 iodef "mailto:security@example.test"
	A	10.77.0.2
	AAAA	fd77::2
	NAPTR	100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .
	HTTPS	1 . alpn=h2,h3 ipv4hint=10.77.0.2 ipv6hint=fd77::2 port=8443
ns	A	10.77.0.3
ns2	AAAA	fd77::3
mail	A	10.77.0.4
backup.mail	A	10.77.0.5
www	CNAME	web.hosting
web.hosting	A	10.77.0.6
	A	10.77.0.7
	AAAA	fd77::6
old	DNAME	new
host.new	A	10.77.0.8
_sip._tcp	SRV	10 60 5060 sip1
	SRV	20 0 5060 sip2
sip1	A	10.77.0.9
sip2	A	10.77.0.10
_svc	SVCB	2 target.example.test. alpn="h2" mandatory=alpn key667="hello"
	SVCB	0 other.example.test.
loc	LOC	51 30 12.748 N 0 7 39.611 W 10m 1m 10000m 10m
	GPOS	-0.1276 51.5072 10
ssh	SSHFP	4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
	HINFO	"PDP-11/70" "UNIX"
_443._tcp	TLSA	3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
uri	URI	10 1 "https://example.test/path"
rp	RP	admin text
	AFSDB	1 afs
	X25	"311061700956"
	ISDN	"150862028003217" "004"
	RT	10 relay
	KX	10 kx
	NSAP	0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
	PX	50 mapx mapy
	WKS	10.77.0.4 tcp ( smtp http )
	EUI48	00-00-5e-00-53-2a
	EUI64	00-00-5e-ef-10-00-00-2a
	CERT	PGP 0 0 AAECAwQF
	DHCID	AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
	APL	1:10.77.0.0/16 !2:fd77::/16
	HIP	2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D
	L32	10 10.1.2.0
	NID	10 0014:4fff:ff20:ee64
	L64	10 2001:0db8:1140:1000
	LP	10 l64
	SPF	"v=spf1 -all"
	TYPE65400	\# 4 0a000001
	CAA	0 issue ";"
	OPENPGPKEY	AAECAwQF
	SMIMEA	3 0 0 abcdef
	CDS	12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	CSYNC	66 3 A NS AAAA
	ZONEMD	2024010101 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
*.wild	A	10.77.0.11
CaSe	A	10.77.0.12
odd\032name\.with\\\000	TXT	"tab	\000 \255 bytes"
big	TXT	"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	TXT	"1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
	TXT	"2222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222"
	TXT	"3333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333333"
	TXT	"4444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444"
	TXT	"5555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555555"
broken	NS	nowhere.broken
nowhere.broken	A	10.77.0.250
END
sed -i '/ZONEMD/d;/CDS\t/d' zone # these belong to the apex of a zone
dnssec-keygen -q -a ECDSAP256SHA256 -f KSK example.test >ksk
dnssec-keygen -q -a ECDSAP256SHA256 example.test >zsk
cat "$(cat ksk).key" "$(cat zsk).key" >>zone
dnssec-signzone -q -3 abcd -H 1 -o example.test -k "$(cat ksk)" -f named/signed zone "$(cat zsk)" >/dev/null
dnssec-dsfromkey -2 "$(cat ksk).key" >ds
cat >named/reverse <<'END'
$TTL 300
@	SOA	ns.example.test. admin.example.test. 1 7200 3600 86400 60
	NS	ns.example.test.
2	PTR	web.hosting.example.test.
3	PTR	ns.example.test.
END
cp named/reverse named/dynamic
tsig-keygen -a hmac-sha256 update-key >key.conf
cat >named.conf <<END
include "$tmp/key.conf";
options {
	directory "$tmp/named"; pid-file none; listen-on { 10.77.0.3; }; listen-on-v6 { fd77::3; };
	recursion no; dnssec-validation no; session-keyfile none; managed-keys-directory "$tmp/named";
	allow-transfer { any; }; notify no; minimal-responses no; minimal-any no; querylog no;
};
controls {};
zone "example.test" { type master; file "signed"; };
zone "0.77.10.in-addr.arpa" { type master; file "reverse"; };
zone "dynamic.test" { type master; file "dynamic"; allow-update { key update-key; }; };
END
cat >unbound.conf <<END
server:
	interface: 10.77.0.2
	interface: fd77::2
	access-control: 10.77.0.0/24 allow
	access-control: fd77::/64 allow
	do-daemonize: no
	chroot: ""
	username: ""
	directory: "$tmp"
	pidfile: ""
	use-syslog: no
	do-not-query-localhost: no
	module-config: "validator iterator"
	trust-anchor: "$(cat ds)"
	domain-insecure: "10.in-addr.arpa"
	local-zone: "10.in-addr.arpa" nodefault
	local-zone: "test." nodefault
	local-zone: "refused.test" refuse
	outgoing-interface: 10.77.0.2
	ede: yes
stub-zone:
	name: "example.test"
	stub-addr: 10.77.0.3
stub-zone:
	name: "0.77.10.in-addr.arpa"
	stub-addr: 10.77.0.3
stub-zone:
	name: "dead.test"
	stub-addr: 10.77.0.250
remote-control:
	control-enable: no
END
start "$B" named -g -c "$tmp/named.conf" -u root
start "$B" unbound -c "$tmp/unbound.conf"
listening "$B" u 53
wait_for "$A" dig +time=1 +tries=1 @10.77.0.3 example.test SOA
wait_for "$A" dig +time=1 +tries=1 @10.77.0.2 version.bind CH TXT
for ns in "$A" "$B"; do silent "$ns" 10.77.0.250; done

q() { a dig +tries=1 +time=2 "$@" >/dev/null || true; }

# Queries of a client and their answers.
record dns.pcap "$A" wl0 port 53 or icmp
for t in A AAAA MX TXT NS SOA CAA HTTPS NAPTR; do q @10.77.0.2 +noedns example.test $t; done
q @10.77.0.2 www.example.test
q @fd77::2 www.example.test AAAA
q @10.77.0.2 host.old.example.test
q @10.77.0.2 _sip._tcp.example.test SRV
q @10.77.0.2 -x 10.77.0.2
q @10.77.0.2 missing.example.test
q @10.77.0.2 ns.example.test MX                         # the name exists, the type does not
q @10.77.0.2 any.wild.example.test
q @10.77.0.2 cAsE.eXaMpLe.TeSt
q @10.77.0.2 x.refused.test
q @10.77.0.3 elsewhere.test                             # refused: not its zone
q @10.77.0.2 +norec example.test A
q @10.77.0.2 +cd example.test A
q @10.77.0.2 version.bind CH TXT
q @10.77.0.2 . NS +noedns +norec
q @10.77.0.250 nobody.answers.test +time=1 +tries=2     # asked twice, never answered
q @10.77.0.1 closed.port.test +time=1
q @10.77.0.2 dead.test +time=2
q @10.77.0.2 x.dead.test +time=6
recorded
expect dns.pcap 'dns.flags.response == 1' 20
expect dns.pcap 'dns.flags.rcode == 3'
expect dns.pcap 'dns.flags.rcode == 5' 2
expect dns.pcap 'ip.dst == 10.77.0.250 && dns' 2

record dns-types.pcap "$A" wl0 port 53
for t in SRV:_sip._tcp SVCB:_svc LOC:loc GPOS:loc SSHFP:ssh HINFO:ssh TLSA:_443._tcp URI:uri DNAME:old TXT:'odd\032name\.with\\\000' ANY:loc; do
	q @10.77.0.3 +noedns "${t#*:}.example.test" "${t%%:*}"
done
for t in RP AFSDB X25 ISDN RT KX NSAP PX WKS EUI48 EUI64 CERT DHCID APL HIP L32 NID L64 LP SPF TYPE65400 CAA OPENPGPKEY SMIMEA CSYNC; do
	q @fd77::3 +noedns rp.example.test $t
done
recorded
for n in 17 18 19 20 21 22 26 29 33 36 37 39 42 44 49 52 53 55 61 62 64 99 104 105 106 107 108 109 256 257 65400; do
	expect dns-types.pcap "dns.resp.type == $n"
done

record dns-edns.pcap "$A" wl0 port 53
q @10.77.0.3 +bufsize=1232 +nsid example.test A
q @10.77.0.3 +subnet=192.0.2.0/24 example.test A
q @10.77.0.3 +subnet=2001:db8::/56 example.test A
q @10.77.0.3 +cookie=0011223344556677 example.test A
q @10.77.0.3 +keepalive +tcp example.test A
q @10.77.0.3 +padding=128 example.test A
q @10.77.0.3 +expire example.test SOA
q @10.77.0.3 +ednsopt=65001:c0ffee example.test A
q @10.77.0.3 +edns=1 +noednsneg example.test A          # BADVERS
q @10.77.0.3 +ednsflags=0x4000 example.test A
q @10.77.0.3 +opcode=status example.test A
q @10.77.0.3 +header-only +noedns
q @10.77.0.3 +zflag +adflag example.test A
q @10.77.0.2 x.refused.test A                           # extended error
q @10.77.0.3 +bufsize=512 +ignore big.example.test TXT  # truncated
q @10.77.0.3 +bufsize=512 big.example.test TXT          # truncated, then TCP
recorded
for n in 3 8 9 10 11 12 65001; do expect dns-edns.pcap "dns.opt.code == $n"; done
expect dns-edns.pcap 'dns.flags.truncated == 1' 2
expect dns-edns.pcap 'dns.count.queries == 0'

record dns-dnssec.pcap "$A" wl0 port 53
for t in A MX DNSKEY SOA NSEC3PARAM DS; do q @10.77.0.3 +dnssec example.test $t; done
q @10.77.0.2 +dnssec example.test A
q @10.77.0.2 +dnssec www.example.test A
q @10.77.0.3 +dnssec missing.example.test A             # NSEC3
q @10.77.0.3 +dnssec any.wild.example.test A
q @10.77.0.3 +dnssec mail.example.test TXT
recorded
for n in 46 48 50 51; do expect dns-dnssec.pcap "dns.resp.type == $n"; done
expect dns-dnssec.pcap 'dns.flags.authenticated == 1 && dns.flags.response == 1'

record dns-resolver.pcap "$B" any -y LINUX_SLL port 53 and 'not host 10.77.0.250'
for t in RP TXT A; do q @10.77.0.2 +dnssec rp.example.test $t; done
q @10.77.0.2 web.hosting.example.test AAAA
recorded
expect dns-resolver.pcap 'ip.src == 10.77.0.2 && ip.dst == 10.77.0.3 && dns'

record dns-tcp.pcap "$A" wl0 port 53
q @10.77.0.3 +tcp +keepopen example.test A example.test MX example.test TXT
q @fd77::3 +tcp example.test SOA
q @10.77.0.3 0.77.10.in-addr.arpa AXFR
q @10.77.0.3 0.77.10.in-addr.arpa IXFR=1
a nsupdate -k "$tmp/key.conf" <<'END' >/dev/null
server 10.77.0.3
zone dynamic.test
update add new.dynamic.test 60 A 10.77.0.77
send
END
q @10.77.0.3 -k "$tmp/key.conf" new.dynamic.test A      # TSIG
a "$PYTHON" "$here/dns_pipeline.py" 10.77.0.3
recorded
expect dns-tcp.pcap 'dns && tcp' 12
expect dns-tcp.pcap 'dns.qry.type == 252'
expect dns-tcp.pcap 'dns.flags.opcode == 5' 2
expect dns-tcp.pcap 'dns.resp.type == 250' 2

record dns-odd.pcap "$A" wl0 'net 192.0.2.0/24 or net 2001:db8::/32'
a "$PYTHON" "$here/dns_odd.py" wl0
recorded
expect dns-odd.pcap 'udp.port == 53' 20

# Names of the local link. The services answer only for this pair of hosts.
cat >avahi.conf <<END
[server]
host-name=printer
domain-name=local
allow-interfaces=wl0
enable-dbus=no
[publish]
publish-hinfo=yes
publish-workstation=yes
[rlimits]
END
cat >smb.conf <<END
[global]
workgroup = WIRELOG
netbios name = FILESERVER
interfaces = wl0
bind interfaces only = yes
private dir = $tmp/samba
lock directory = $tmp/samba
state directory = $tmp/samba
cache directory = $tmp/samba
pid directory = $tmp/samba
ncalrpc dir = $tmp/samba
log file = $tmp/samba/log
local master = no
END
mkdir -p samba
record dns-local.pcap "$A" wl0 udp port 5353 or udp port 5355 or udp port 137
start "$B" avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$tmp/avahi.conf"
start "$B" nmbd -F -s "$tmp/smb.conf"
sleep 5
q @224.0.0.251 -p 5353 printer.local A +time=2
q @224.0.0.251 -p 5353 printer.local AAAA +time=2
q @224.0.0.251 -p 5353 _services._dns-sd._udp.local PTR +time=2
a "$PYTHON" "$here/dns_local.py" 10.77.0.1
a timeout 5 nmblookup -s "$tmp/smb.conf" -B 10.77.0.255 FILESERVER >/dev/null 2>&1 || true
a timeout 5 nmblookup -s "$tmp/smb.conf" -B 10.77.0.255 NOBODY >/dev/null 2>&1 || true
a timeout 5 nmblookup -s "$tmp/smb.conf" -A 10.77.0.2 >/dev/null 2>&1 || true
recorded
expect dns-local.pcap 'mdns && dns.flags.response == 1' 2
expect dns-local.pcap 'llmnr' 2
expect dns-local.pcap 'ipv6 && llmnr'
expect dns-local.pcap 'nbns' 4
good_checksums dns-types.pcap dns-edns.pcap dns-dnssec.pcap dns-tcp.pcap dns-odd.pcap dns-local.pcap
