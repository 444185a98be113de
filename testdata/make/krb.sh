#!/bin/bash
# Kerberos: MIT's client and KDC over UDP and TCP, with passwords, tickets and certificates,
# and messages that no program sends to a KDC.
# Debian packages: iproute2 tcpdump tshark ethtool python3 openssl krb5-kdc krb5-user krb5-admin-server krb5-pkinit
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need openssl:openssl krb5kdc:krb5-kdc kadmin.local:krb5-admin-server kadmind:krb5-admin-server kinit:krb5-user kvno:krb5-user kpasswd:krb5-user
find /usr/lib* -name pkinit.so -path '*preauth*' 2>/dev/null | grep -q . || die "install first: apt-get install krb5-pkinit"

pair
cd "$tmp"
realm=EXAMPLE.TEST
# client NAME KDC UDP-LIMIT [libdefaults ...] writes NAME.conf.
client() {
	local name=$1 kdc=$2 limit=$3
	shift 3
	cat >"$name.conf" <<END
[libdefaults]
default_realm = $realm
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
udp_preference_limit = $limit
$(printf '%s\n' "$@")
[realms]
$realm = {
	kdc = $kdc
	kpasswd_server = 10.77.0.2:464
	admin_server = 10.77.0.2
	pkinit_anchors = FILE:$tmp/ca.pem
}
END
}
client udp 10.77.0.2 32700
client tcp 10.77.0.2 1
client v6 '[fd77::2]' 32700
client rc4 10.77.0.2 32700 'allow_weak_crypto = true' 'allow_rc4 = true' 'default_tkt_enctypes = arcfour-hmac' 'default_tgs_enctypes = arcfour-hmac'
client des 10.77.0.2 32700 'allow_weak_crypto = true' 'allow_des3 = true' 'default_tkt_enctypes = des3-cbc-sha1'
client server 10.77.0.2 1 'allow_weak_crypto = true' 'allow_rc4 = true'
cat >kdc.conf <<END
[kdcdefaults]
kdc_ports = 88
kdc_tcp_ports = 88
kdc_max_dgram_reply_size = 1500
[realms]
$realm = {
	database_name = $tmp/principal
	key_stash_file = $tmp/stash
	acl_file = $tmp/acl
	admin_keytab = $tmp/kadm5.keytab
	kadmind_port = 749
	kpasswd_port = 464
	max_renewable_life = 7d
	supported_enctypes = aes256-cts:normal aes128-cts:normal arcfour-hmac:normal
	pkinit_identity = FILE:$tmp/kdc.pem,$tmp/kdc.key
	pkinit_anchors = FILE:$tmp/ca.pem
	pkinit_eku_checking = none
}
[logging]
kdc = FILE:$tmp/kdc.log
admin_server = FILE:$tmp/kadmind.log
END
echo "*/admin@$realm *" >acl
export KRB5_CONFIG=$tmp/server.conf KRB5_KDC_PROFILE=$tmp/kdc.conf KRB5CCNAME=FILE:$tmp/cc
kdb5_util create -s -r $realm -P master >/dev/null 2>&1 || die "no database"
admin() { kadmin.local -q "$*" >>admin.log 2>&1; }
for who in alice bob carol; do admin addprinc -pw "$who-secret" $who; done
admin addprinc -pw gone -expire 2020-01-01 gone
for who in host/server.example.test HTTP/www.example.test/elsewhere; do admin addprinc -randkey $who; done
admin modprinc +requires_preauth alice
admin modprinc +requires_preauth bob
admin addprinc -nokey WELLKNOWN/ANONYMOUS

# Certificates of an authority, of the KDC and of alice (RFC 4556 appendix A, section 3.2.2).
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj '/CN=Authority' 2>/dev/null
cat >ext <<END
[kdc]
extendedKeyUsage = 1.3.6.1.5.2.3.5,serverAuth
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:kdc_name
[alice]
extendedKeyUsage = 1.3.6.1.5.2.3.4
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:alice_name
[kdc_name]
realm = EXP:0,GeneralString:$realm
principal = EXP:1,SEQUENCE:kdc_principal
[kdc_principal]
type = EXP:0,INTEGER:2
string = EXP:1,SEQUENCE:kdc_strings
[kdc_strings]
first = GeneralString:krbtgt
second = GeneralString:$realm
[alice_name]
realm = EXP:0,GeneralString:$realm
principal = EXP:1,SEQUENCE:alice_principal
[alice_principal]
type = EXP:0,INTEGER:1
string = EXP:1,SEQUENCE:alice_strings
[alice_strings]
first = GeneralString:alice
END
for who in kdc alice; do
	openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj "/O=Example/CN=$who" 2>/dev/null
	openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile ext -extensions $who -out $who.pem 2>/dev/null
done

start "$B" krb5kdc -n -r $realm
kdc=$started
start "$B" kadmind -nofork -r $realm
listening "$B" t 88
listening "$B" u 88
listening "$B" u 464

with() { export KRB5_CONFIG=$tmp/$1.conf; }
ok() { a timeout 20 "$@" >>client.log 2>&1 || die "should have worked: $* $(tail -3 client.log)"; }
no() { ! a timeout 20 "$@" >>client.log 2>&1 || die "should have failed: $*"; }

# talk uses everything that works with a password.
talk() {
	ok kinit -f -r 3d alice <<<alice-secret
	ok kvno host/server.example.test
	ok kvno HTTP/www.example.test/elsewhere
	no kvno host/nowhere.example.test
	ok kvno --u2u "$KRB5CCNAME" alice
	ok kinit -R
	no kinit alice <<<wrong
	no kinit nobody <<<x
	no kinit gone <<<gone
	ok kinit carol <<<carol-secret
	ok kdestroy
}

record krb-udp.pcap "$A" wl0 udp or icmp
with udp
talk
with v6
ok kinit bob <<<bob-secret
with rc4
ok kinit bob <<<bob-secret
ok kvno host/server.example.test
with des
no kinit bob <<<bob-secret
recorded
for n in 10 11 12 13 30; do expect krb-udp.pcap "kerberos.msg_type == $n" 2; done
expect krb-udp.pcap 'ipv6 && kerberos' 4

record krb-tcp.pcap "$A" wl0 tcp or udp
with tcp
talk
ok kpasswd bob < <(printf '%s\n' bob-secret another another)
no kpasswd bob < <(printf '%s\n' another different unequal)
with udp
ok kpasswd bob < <(printf '%s\n' another bob-secret bob-secret)
recorded
for n in 10 11 12 13 30; do expect krb-tcp.pcap "tcp && kerberos.msg_type == $n" 2; done
expect krb-tcp.pcap kpasswd 4

record krb-pkinit.pcap "$A" wl0 ip
for how in tcp udp; do # the reply is too long for UDP
	with $how
	ok kinit -X X509_user_identity=FILE:$tmp/alice.pem,$tmp/alice.key alice </dev/null
	ok kinit -n </dev/null # anonymous
done
recorded
expect krb-pkinit.pcap 'kerberos.padata_type == 17' 3
expect krb-pkinit.pcap 'kerberos.msg_type == 11' 4
expect krb-pkinit.pcap 'kerberos.error_code == 52' 1

stop "$kdc" tu 88
start "$B" "$PYTHON" "$here/krb_peer.py" answer
listening "$B" t 88
listening "$B" u 88
record krb-odd.pcap "$A" wl0 tcp or udp
a timeout 30 "$PYTHON" "$here/krb_peer.py" odd 10.77.0.2 || die "odd"
recorded
for n in 20 21 22; do expect krb-odd.pcap "kerberos.msg_type == $n" 2; done
good_checksums krb-udp.pcap krb-tcp.pcap krb-pkinit.pcap krb-odd.pcap
