#!/bin/bash
# MySQL: MariaDB's clients and server, with and without TLS.
# Debian packages: iproute2 tcpdump tshark ethtool python3 mariadb-server mariadb-client openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need mariadbd:mariadb-server mariadb-install-db:mariadb-server mariadb:mariadb-client openssl:openssl

pair
cd "$tmp"
chmod 755 "$tmp"
mkdir data
self_signed /CN=db.example.test -addext subjectAltName=DNS:db.example.test
mariadb-install-db --no-defaults --user=root --datadir="$tmp/data" --auth-root-authentication-method=normal >install.log 2>&1 ||
	die "$(tail install.log)"
cat >init.sql <<'END'
CREATE DATABASE shop;
CREATE TABLE shop.goods (id INT PRIMARY KEY, name VARCHAR(40), price DECIMAL(8,2), photo BLOB);
INSERT INTO shop.goods VALUES (1, 'lamp', 12.50, NULL), (2, 'chair', 80, x'00FF'), (3, '', NULL, '');
CREATE USER 'clerk'@'%' IDENTIFIED BY 'right password';
GRANT ALL ON *.* TO 'clerk'@'%';
CREATE USER 'old'@'%' IDENTIFIED VIA mysql_old_password;
CREATE USER 'tls'@'%' IDENTIFIED BY 'right password' REQUIRE SSL;
GRANT SELECT ON shop.* TO 'tls'@'%';
END
start "$B" mariadbd --no-defaults --user=root --datadir="$tmp/data" --bind-address="*" --port=3306 --socket="$tmp/sock" \
	--pid-file="$tmp/pid" --skip-name-resolve --log-bin --server-id=1 --local-infile=1 \
	--ssl-cert="$tmp/cert.pem" --ssl-key="$tmp/key.pem" --tls-version=TLSv1.2,TLSv1.3
listening "$B" t 3306
b mariadb --no-defaults -S "$tmp/sock" -u root <init.sql

clerk=(--no-defaults -h 10.77.0.2 -u clerk '-pright password')
plain=(mariadb "${clerk[@]}" --skip-ssl)
printf '4\tdesk\t99.99\t\n5\tshelf\t40\t\n' >more.txt

record mysql.pcap "$A" wl0 tcp port 3306
ok "${plain[@]}" shop -e 'SELECT id, name, price, photo FROM goods; USE mysql; SELECT COUNT(*) FROM user'
no "${plain[@]}" -e 'SELECT * FROM nowhere.nothing; '
ok "${plain[@]}" shop -e "INSERT INTO goods VALUES (9, 'rug', 1, ''); UPDATE goods SET price = 2 WHERE id = 9; DELETE FROM goods WHERE id = 9; PREPARE s FROM 'SELECT ? + 1'; EXECUTE s USING 41; DO 1"
ok "${plain[@]}" --local-infile=1 shop -e "LOAD DATA LOCAL INFILE 'more.txt' INTO TABLE goods"
ok "${plain[@]}" --delimiter=';;' shop -e "SELECT 1; SELECT 2;;"          # two results of one command
ok mariadb --no-defaults -h fd77::2 -u clerk '-pright password' --skip-ssl -e 'SELECT VERSION()'
ok mariadb-admin "${clerk[@]}" --skip-ssl ping status processlist
ok mariadb-show "${clerk[@]}" --skip-ssl shop goods
ok mariadb-dump "${clerk[@]}" --skip-ssl shop
ok mariadb-binlog "${clerk[@]}" --skip-ssl --read-from-remote-server --to-last-log "$(basename "$(ls data/*-bin.000001)")"
ok "${plain[@]}" -C shop -e 'SELECT REPEAT(name, 200) FROM goods'         # compressed
no mariadb --no-defaults -h 10.77.0.2 -u clerk -pwrong --skip-ssl -e 'SELECT 1'
no mariadb --no-defaults -h 10.77.0.2 -u nobody --skip-ssl -e 'SELECT 1'
no mariadb --no-defaults -h 10.77.0.2 -u old -pwrong --skip-ssl -e 'SELECT 1' # another login method
no "${plain[@]}" nothing -e 'SELECT 1'
no mariadb --no-defaults -h 10.77.0.2 -u tls '-pright password' --skip-ssl -e 'SELECT 1'
a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/3306; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' >/dev/null 2>&1 || true
recorded
expect mysql.pcap 'mysql.command == 3' 20
expect mysql.pcap 'mysql.error_code == 1045' 2
expect mysql.pcap 'mysql.command == 18 || mysql.command == 9' 2

record mysql-tls.pcap "$A" wl0 tcp port 3306
for v in 1.2 1.3; do
	ok mariadb --no-defaults -h 10.77.0.2 -u tls '-pright password' --ssl --tls-version=TLSv$v shop -e 'SELECT * FROM goods'
done
no mariadb "${clerk[@]}" --ssl --ssl-verify-server-cert -e 'SELECT 1'     # the client does not trust the certificate
no mariadb --no-defaults -h 10.77.0.2 -u tls -pwrong --ssl -e 'SELECT 1'
recorded
expect mysql-tls.pcap 'tls.handshake.type == 1' 4
good_checksums mysql.pcap mysql-tls.pcap
