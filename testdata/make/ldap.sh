#!/bin/bash
# LDAP: OpenLDAP's clients and server, in the clear, with StartTLS and with SASL.
# Debian packages: iproute2 tcpdump tshark ethtool python3 slapd ldap-utils openssl libsasl2-modules
#   libsasl2-modules-gssapi-mit krb5-kdc krb5-admin-server krb5-user
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need slapd:slapd ldapsearch:ldap-utils openssl:openssl krb5kdc:krb5-kdc kadmin.local:krb5-admin-server kinit:krb5-user
find /usr/lib* -name 'libgssapiv2.so*' -path '*sasl2*' 2>/dev/null | grep -q . || die "install first: apt-get install libsasl2-modules-gssapi-mit"

pair
cd "$tmp"
mkdir db
self_signed /CN=ldap.example.test -addext subjectAltName=IP:10.77.0.2

# Kerberos, whose own traffic is not recorded.
cat >krb5.conf <<END
[libdefaults]
default_realm = EXAMPLE.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
[realms]
EXAMPLE.TEST = {
	kdc = 10.77.0.2
}
END
cat >kdc.conf <<END
[realms]
EXAMPLE.TEST = {
	database_name = $tmp/principal
	key_stash_file = $tmp/stash
	acl_file = $tmp/acl
}
[logging]
kdc = FILE:$tmp/kdc.log
END
export KRB5_CONFIG=$tmp/krb5.conf KRB5_KDC_PROFILE=$tmp/kdc.conf KRB5CCNAME=FILE:$tmp/tickets KRB5_KTNAME=FILE:$tmp/keytab KRB5RCACHETYPE=none
{
	kdb5_util create -s -P master
	kadmin.local addprinc -pw secret clerk
	kadmin.local addprinc -randkey ldap/10.77.0.2
	kadmin.local ktadd -k "$tmp/keytab" ldap/10.77.0.2
} >krb.log 2>&1 || die "$(tail krb.log)"
start "$B" krb5kdc -n
listening "$B" u 88

modules=$(dirname "$(find /usr/lib/ldap -name 'back_mdb.la' | head -1)")
cat >slapd.conf <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile $tmp/slapd.pid
modulepath $modules
moduleload back_mdb
TLSCertificateFile $tmp/cert.pem
TLSCertificateKeyFile $tmp/key.pem
password-hash {CLEARTEXT}
sasl-host 10.77.0.2
sasl-realm EXAMPLE.TEST
sasl-secprops none
authz-regexp uid=([^,]*),(cn=[^,]*,)*cn=auth uid=\$1,ou=people,dc=example,dc=test
database mdb
suffix dc=example,dc=test
rootdn cn=admin,dc=example,dc=test
rootpw secret
directory $tmp/db
END
start "$B" slapd -d 0 -f "$tmp/slapd.conf" -h ldap:///
listening "$B" t 389

cat >base.ldif <<'END'
dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: uid=clerk,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: clerk
cn: Clara Clerk
sn: Clerk
mail: clerk@example.test
userPassword: right password

dn: uid=jürgen,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: jürgen
cn: Jürgen Müller
sn: Müller
END
cat >change.ldif <<'END'
dn: uid=clerk,ou=people,dc=example,dc=test
changetype: modify
add: telephoneNumber
telephoneNumber: 1
telephoneNumber: 2
-
replace: title
title: Head
-
delete: mail

dn: uid=nobody,ou=people,dc=example,dc=test
changetype: modify
replace: title
title: None
END
export LDAPTLS_REQCERT=never LDAPCONF=/dev/null
server=(-H ldap://10.77.0.2)
admin=("${server[@]}" -x -D cn=admin,dc=example,dc=test -w secret)
find=(-LLL -b dc=example,dc=test)

record ldap.pcap "$A" wl0 port 389
ok ldapadd "${admin[@]}" -f base.ldif
ok ldapsearch "${server[@]}" -x -s base -b '' '(objectClass=*)' supportedSASLMechanisms
ok ldapsearch "${admin[@]}" "${find[@]}" '(&(objectClass=person)(|(uid=clerk)(cn=*lar*k)(mail>=a)(!(sn~=Müller))))' cn mail
ok ldapsearch "${admin[@]}" "${find[@]}" '(uid:caseExactMatch:=clerk)'
ok ldapsearch "${admin[@]}" "${find[@]}" "(|(cn=$(printf 'long %.0s' $(seq 40)))(cn=back\\5cslash\\2a\\28))" 1.1
ok ldapsearch "${admin[@]}" "${find[@]}" -a always -l 5 -z 10 -A '(cn:dn:=x)'
no ldapsearch "${admin[@]}" -b dc=elsewhere,dc=test '(uid=*)'
no ldapmodify "${admin[@]}" -c -f change.ldif
a timeout 20 ldapcompare "${admin[@]}" -z uid=clerk,ou=people,dc=example,dc=test 'sn:Clerk' >>client.log 2>&1 || true # its result is the exit status
ok ldapmodrdn "${admin[@]}" -r uid=jürgen,ou=people,dc=example,dc=test uid=juergen
ok ldapwhoami "${admin[@]}"
ok ldappasswd "${admin[@]}" -s 'right password' uid=clerk,ou=people,dc=example,dc=test
ok ldapdelete "${admin[@]}" uid=juergen,ou=people,dc=example,dc=test
no ldapwhoami "${server[@]}" -x -D cn=admin,dc=example,dc=test -w wrong
ok ldapsearch -H 'ldap://[fd77::2]' -x "${find[@]}" -s one dn
a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/389; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' >/dev/null 2>&1 || true
recorded
expect ldap.pcap 'ldap.protocolOp == 3' 7
expect ldap.pcap 'ldap.resultCode == 49'

record ldap-tls.pcap "$A" wl0 port 389
ok ldapsearch "${admin[@]}" -ZZ "${find[@]}" '(uid=clerk)'
recorded
expect ldap-tls.pcap 'tls.handshake.type == 1'

a kinit clerk <<<secret >>client.log 2>&1 || die "kinit"
record ldap-sasl.pcap "$A" wl0 port 389
for mech in CRAM-MD5 SCRAM-SHA-256 DIGEST-MD5; do
	ok ldapsearch "${server[@]}" -N -Q -Y $mech -U clerk -w 'right password' -O maxssf=0 "${find[@]}" '(uid=clerk)' cn
done
no ldapwhoami "${server[@]}" -N -Q -Y SCRAM-SHA-256 -U clerk -w wrong
ok ldapsearch "${server[@]}" -N -Q -Y DIGEST-MD5 -U clerk -w 'right password' -O minssf=56 "${find[@]}" '(uid=clerk)' cn
for mech in GSSAPI GSS-SPNEGO; do
	for ssf in 0 1 256; do
		ok ldapsearch "${server[@]}" -N -Q -Y $mech -O maxssf=$ssf "${find[@]}" '(uid=clerk)' cn
	done
done
recorded
expect ldap-sasl.pcap 'ldap.mechanism == "GSSAPI"' 3
good_checksums ldap.pcap ldap-tls.pcap ldap-sasl.pcap
