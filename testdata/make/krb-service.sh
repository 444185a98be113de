#!/bin/bash
# Kerberos at a service: tickets of a KDC shown to Samba, whose keys are in a keytab beside the
# capture, and a ticket for which that has no key.
# Debian packages: iproute2 tcpdump tshark ethtool python3 krb5-kdc krb5-user krb5-admin-server samba smbclient
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need krb5kdc:krb5-kdc kadmin.local:krb5-admin-server kinit:krb5-user smbd:samba smbclient:smbclient smbpasswd:samba-common-bin

pair
cd "$tmp"
realm=EXAMPLE.TEST
cat >krb5.conf <<END
[libdefaults]
default_realm = $realm
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
allow_weak_crypto = true
allow_rc4 = true
[realms]
$realm = {
	kdc = 10.77.0.2
}
[domain_realm]
.example.test = $realm
END
cat >kdc.conf <<END
[realms]
$realm = {
	database_name = $tmp/principal
	key_stash_file = $tmp/stash
	acl_file = $tmp/acl
	disable_pac = true
	supported_enctypes = aes256-cts:normal aes128-cts:normal arcfour-hmac:normal
}
[logging]
kdc = FILE:$tmp/kdc.log
END
export KRB5_CONFIG=$tmp/krb5.conf KRB5_KDC_PROFILE=$tmp/kdc.conf KRB5CCNAME=FILE:$tmp/cc
kdb5_util create -s -r $realm -P master >/dev/null 2>&1 || die "no database"
admin() { kadmin.local -q "$*" >>admin.log 2>&1; }
admin addprinc -pw secret root
# A service for each type of key, and one whose key is kept back.
for e in aes256-cts aes128-cts arcfour-hmac; do
	admin addprinc -randkey -e $e:normal cifs/$e.example.test
	admin ktadd -norandkey -k "$tmp/keytab" cifs/$e.example.test
done
cp keytab krb-service.keytab
admin addprinc -randkey -e aes256-cts:normal cifs/other.example.test
admin ktadd -norandkey -k "$tmp/keytab" cifs/other.example.test

mkdir share
echo 'a file' >share/file.txt
samba <<END
realm = $realm
kerberos method = dedicated keytab
dedicated keytab file = $tmp/keytab
server min protocol = SMB2_02
smb ports = 445
[files]
path = $tmp/share
END
start "$B" krb5kdc -n -r $realm
listening "$B" t 88
listening "$B" t 445

record krb-service.pcap "$A" wl0 tcp port 445
a kinit root <<<secret >/dev/null
for host in aes256-cts aes128-cts arcfour-hmac other; do
	ok smbclient //$host.example.test/files -I 10.77.0.2 -s smb.conf --use-kerberos=required --use-krb5-ccache="$tmp/cc" -c 'get file.txt got'
done
recorded
expect krb-service.pcap 'kerberos.msg_type == 14' 4
expect krb-service.pcap 'kerberos.msg_type == 15' 4
mv krb-service.keytab "$out/"
