#!/bin/bash
# Mail: smtplib and swaks with aiosmtpd, poplib and imaplib with Dovecot, with and without TLS.
# Debian packages: iproute2 tcpdump tshark ethtool python3 python3-aiosmtpd swaks libio-socket-inet6-perl libnet-ssleay-perl dovecot-pop3d dovecot-imapd openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need swaks:swaks dovecot:dovecot-imapd openssl:openssl
need_python aiosmtpd:python3-aiosmtpd

pair
cd "$tmp"
self_signed /CN=mail.test -addext subjectAltName=DNS:mail.test
start "$B" "$PYTHON" "$here/mail_peer.py" server
for p in 25 587 2525 2526; do listening "$B" t $p; done
peer() { a timeout 60 "$PYTHON" "$here/mail_peer.py" "$@" >>peer.log 2>&1 || die "$*: $(tail -5 peer.log)"; }
send() { a timeout 20 swaks --server 10.77.0.2 --ehlo client.test --from sender@client.test --to reader@mail.test --header 'Date: Sat, 21 Nov 2026 12:00:00 +0000' --header 'Message-Id: <1@client.test>' "$@" >>peer.log 2>&1 || die "swaks $*: $(tail -5 peer.log)"; }

record smtp.pcap "$A" wl0 tcp
send --body 'Plain text.'
echo a,b >list.csv
send --body 'With a file.' --attach-type text/csv --attach-name 'a list.csv' --attach @list.csv
send --server fd77::2 --body 'Over IPv6.'
send --port 2525 --body 'Another port.'
send --port 587 --auth LOGIN --auth-user reader --auth-password secret --body 'Logged in.'
send --port 587 --auth PLAIN --auth-user reader --auth-password secret --body 'Logged in again.'
peer smtp
recorded
expect smtp.pcap 'smtp.req.command == "DATA"' 6
expect smtp.pcap 'tcp.port == 2526 && tcp contains "BDAT"'

record smtp-starttls.pcap "$A" wl0 tcp
send --tls --port 587 --body 'Encrypted.'
peer smtp-starttls
recorded
expect smtp-starttls.pcap 'tcp contains "220 Ready to start TLS"' 3
expect smtp-starttls.pcap 'tls.handshake.type == 1' 2

mkdir -p mail/reader run
chown -R 54321:54321 mail
chmod 755 "$tmp"
echo "reader:{PLAIN}secret:54321:54321::$tmp/mail/reader" >users
cat >dovecot.conf <<END
protocols = imap pop3
base_dir = $tmp/run
log_path = $tmp/dovecot.log
listen = 10.77.0.2, fd77::2
ssl = yes
ssl_cert = <$tmp/cert.pem
ssl_key = <$tmp/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop
mail_location = maildir:~/Maildir
default_internal_user = root
default_login_user = nobody
default_internal_group = root
first_valid_uid = 1000
passdb {
	driver = passwd-file
	args = scheme=PLAIN $tmp/users
}
userdb {
	driver = passwd-file
	args = $tmp/users
}
service stats {
	unix_listener stats-writer {
		mode = 0666
	}
}
END
for n in new cur tmp; do mkdir -p mail/reader/Maildir/$n; done
"$PYTHON" "$here/mail_peer.py" deliver mail/reader/Maildir/new
chown -R 54321:54321 mail
start "$B" dovecot -F -c "$tmp/dovecot.conf"
listening "$B" t 110
listening "$B" t 143

record pop3.pcap "$A" wl0 tcp
peer pop3
recorded
expect pop3.pcap 'pop.request.command == "RETR"' 3
expect pop3.pcap 'pop.request.command == "APOP"'
expect pop3.pcap 'pop.request.command == "STLS"'

record imap.pcap "$A" wl0 tcp
peer imap
recorded
expect imap.pcap 'imap.request.command == "STARTTLS"'
expect imap.pcap 'tls.handshake.type == 1'
good_checksums smtp.pcap smtp-starttls.pcap pop3.pcap imap.pcap
