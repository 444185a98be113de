#!/bin/bash
# DHCP, NTP, SNMP, RADIUS and syslog over UDP, with the clients and servers that networks run.
# Debian packages: iproute2 tcpdump tshark ethtool python3 dnsmasq-base isc-dhcp-client udhcpc
#   busybox chrony ntpsec python3-ntp snmp snmpd snmptrapd freeradius freeradius-utils rsyslog
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need dnsmasq:dnsmasq-base dhclient:isc-dhcp-client udhcpc:udhcpc chronyd:chrony ntpd:ntpsec ntpq:ntpsec \
	snmpd:snmpd snmpget:snmp snmptrapd:snmptrapd freeradius:freeradius radclient:freeradius-utils rsyslogd:rsyslog logger:bsdutils
# Folders of the packages that the programs cannot find by themselves if they are elsewhere.
DICTIONARY=${DICTIONARY:-/usr/share/freeradius}
RADLIB=${RADLIB:-/usr/lib/freeradius}
RSYSLIB=${RSYSLIB:-/usr/lib/x86_64-linux-gnu/rsyslog}
chmod 755 "$tmp"
cd "$tmp"
pair

# DHCP: a lease with a name, refused, released, and one of another client.
start "$B" dnsmasq --no-daemon --conf-file=/dev/null --user=root --port=0 --interface=wl0 --bind-interfaces --dhcp-authoritative \
	--dhcp-range=10.77.0.100,10.77.0.110,2m --dhcp-leasefile="$tmp/leases" --no-ping --domain=test --dhcp-option=3,10.77.0.2 \
	--dhcp-option=6,10.77.0.2,10.77.0.3 --dhcp-option=42,10.77.0.2 --dhcp-option=252,http://wpad.test/wpad.dat
dns=$started
listening "$B" u 67
printf '#!/bin/sh\nexit 0\n' >script
chmod 755 script
cat >client.conf <<-END
	option option-252 code 252 = text;
	send host-name "client";
	send fqdn.fqdn "client.test.";
	send user-class "wirelog";
	request subnet-mask, broadcast-address, time-offset, routers, domain-name, domain-name-servers, ntp-servers, dhcp-lease-time, option-252;
END
touch dhclient.leases
record dhcp.pcap "$A" wl0 udp port 67 or udp port 68
a timeout 30 dhclient -4 -v -1 -sf "$tmp/script" -cf client.conf -lf dhclient.leases -pf dhclient.pid wl0 >>client.log 2>&1 || die "dhclient"
a timeout 30 dhclient -4 -v -r -sf "$tmp/script" -cf client.conf -lf dhclient.leases -pf dhclient.pid wl0 >>client.log 2>&1 || true
sleep 1
echo 'lease { interface "wl0"; fixed-address 192.168.5.5; option subnet-mask 255.255.255.0; option dhcp-server-identifier 192.168.5.1; renew 2 2037/1/1 00:00:00; rebind 2 2037/1/1 00:00:00; expire 2 2037/1/1 00:00:00; }' >old.leases
a timeout 40 dhclient -4 -v -1 -sf "$tmp/script" -cf client.conf -lf old.leases -pf dhclient.pid wl0 >>client.log 2>&1 || die "dhclient with an old lease"
a timeout 30 udhcpc -f -n -q -i wl0 -s "$tmp/script" -x hostname:small -V vendor -C >>client.log 2>&1 || die "udhcpc"
sleep 1
recorded
for pid in $(ip netns pids "$A"); do kill "$pid" 2>/dev/null || true; done
kill "$dns"
for t in 1 2 3 5 6 7; do expect dhcp.pcap "dhcp.option.dhcp == $t"; done

# NTP: a server with a local clock, clients, and control messages.
printf 'local stratum 8\nallow\ncmdport 0\npidfile %s/chronyd.pid\ndriftfile %s/drift\n' "$tmp" "$tmp" >server.conf
start "$B" chronyd -d -x -u root -f "$tmp/server.conf"
ntp=$started
listening "$B" u 123
record ntp.pcap "$A" wl0 udp port 123
a timeout 20 chronyd -Q -u root -t 10 "server 10.77.0.2 iburst maxsamples 4" >>client.log 2>&1 || true
a timeout 20 chronyd -Q -u root -t 10 "server fd77::2 iburst maxsamples 4" >>client.log 2>&1 || true
stop "$ntp" u 123
printf 'disable ntp\nrefclock local stratum 5\nrestrict default\nrestrict -6 default\n' >ntpd.conf
start "$B" ntpd -n -c "$tmp/ntpd.conf" -l "$tmp/ntpd.log"
listening "$B" u 123
sleep 1
a timeout 20 ntpq -n -p 10.77.0.2 >>client.log 2>&1 || die "ntpq -p"
a timeout 20 ntpq -n -c rv 10.77.0.2 >>client.log 2>&1 || die "ntpq rv"
recorded
for m in 3 4 6; do expect ntp.pcap "ntp.flags.mode == $m" 2; done

# SNMP: every version and operation, with and without encryption, notifications.
mkdir -p snmp
cat >snmpd.conf <<-END
	agentAddress udp:161,udp6:161
	rocommunity public
	rocommunity6 public
	rwcommunity private
	createUser plain
	createUser signer SHA "secret password"
	createUser sealer SHA "secret password" AES "another password"
	rouser plain noauth
	rouser signer auth
	rwuser sealer priv
	sysDescr a system of tests
	sysContact nobody
	sysServices 72
END
printf 'disableAuthorization yes\n' >trapd.conf
export SNMP_PERSISTENT_DIR=$tmp/snmp MIBS=""
start "$B" snmpd -f -Lf "$tmp/snmpd.log" -C -c "$tmp/snmpd.conf" -p "$tmp/snmpd.pid"
start "$B" snmptrapd -f -Lf "$tmp/trapd.log" -C -c "$tmp/trapd.conf" -p "$tmp/trapd.pid" udp:162
listening "$B" u 161
listening "$B" u 162
record snmp.pcap "$A" wl0 udp port 161 or udp port 162
for v in 1 2c; do
	ok snmpget -v$v -c public 10.77.0.2 .1.3.6.1.2.1.1.1.0 .1.3.6.1.2.1.1.3.0 .1.3.6.1.2.1.1.2.0
	ok snmpwalk -v$v -c public 10.77.0.2 .1.3.6.1.2.1.1
done
no snmpset -v2c -c private 10.77.0.2 .1.3.6.1.2.1.1.4.0 s somebody
ok snmpbulkget -v2c -c public -Cn1 -Cr5 10.77.0.2 .1.3.6.1.2.1.1.3 .1.3.6.1.2.1.2
ok snmpget -v2c -c public 'udp6:[fd77::2]' .1.3.6.1.2.1.1.5.0
ok snmpget -v3 -u plain -l noAuthNoPriv 10.77.0.2 .1.3.6.1.2.1.1.3.0
ok snmpget -v3 -u signer -l authNoPriv -a SHA -A "secret password" 10.77.0.2 .1.3.6.1.2.1.1.3.0
ok snmpget -v3 -u sealer -l authPriv -a SHA -A "secret password" -x AES -X "another password" 10.77.0.2 .1.3.6.1.2.1.1.3.0
no snmpget -r 0 -t 1 -v3 -u nobody -l noAuthNoPriv 10.77.0.2 .1.3.6.1.2.1.1.3.0
no snmpget -r 0 -t 1 -v2c -c wrong 10.77.0.2 .1.3.6.1.2.1.1.3.0
ok snmptrap -v1 -c public 10.77.0.2 .1.3.6.1.4.1.8072 10.77.0.1 6 17 "" .1.3.6.1.2.1.1.6.0 s here
ok snmptrap -v2c -c public 10.77.0.2 "" .1.3.6.1.6.3.1.1.5.3 .1.3.6.1.2.1.2.2.1.1 i 2
ok snmpinform -v2c -c public 10.77.0.2 "" .1.3.6.1.6.3.1.1.5.4 .1.3.6.1.2.1.2.2.1.1 i 2
recorded
for t in get_request get_next_request get_response set_request getBulkRequest informRequest snmpV2_trap report trap; do expect snmp.pcap "snmp.${t}_element"; done
expect snmp.pcap snmp.encryptedPDU 2

# RADIUS: accepted, refused, with a challenge, no answer.
mkdir -p raddb
cat >raddb/radiusd.conf <<-END
	libdir = $RADLIB
	logdir = $tmp
	run_dir = $tmp
	pidfile = $tmp/radiusd.pid
	max_requests = 1024
	security { reject_delay = 0 }
	client a { ipaddr = 10.77.0.1
		secret = testing }
	modules {
		always handled {
			rcode = handled
		}
		pap {
		}
	}
	server default {
		listen { type = auth
			ipaddr = 10.77.0.2
			port = 1812 }
		authorize {
			if (&User-Name == "token") {
				if (!&State) {
					update reply { &State := 0x01020304
						&Reply-Message := "code?"
						&Framed-IP-Address := 10.77.0.50 }
					update control { &Response-Packet-Type := Access-Challenge }
					handled
				}
			}
			update control { &Cleartext-Password := "password" }
			update reply { &Framed-IP-Address := 10.77.0.51 }
			pap
		}
		authenticate {
			Auth-Type PAP {
				pap
			}
		}
	}
END
start "$B" freeradius -f -l stdout -d "$tmp/raddb" -D "$DICTIONARY" -n radiusd
listening "$B" u 1812
record radius.pcap "$A" wl0 udp port 1812
auth() { printf '%s\n' "$@" | a timeout 10 radclient -r 1 -t 1 -D "$DICTIONARY" 10.77.0.2:1812 auth testing >>client.log 2>&1 || true; }
auth 'User-Name = "steve"' 'User-Password = "password"' 'NAS-IP-Address = 10.77.0.1' 'NAS-Port = 7' 'Calling-Station-Id = "02-00-00-00-01-01"' 'Connect-Info = "CONNECT 1000"'
auth 'User-Name = "steve"' 'User-Password = "wrong"'
auth 'User-Name = "token"' 'User-Password = "password"' 'Tunnel-Client-Endpoint = "10.77.0.1"'
auth 'User-Name = "token"' 'User-Password = "password"' 'State = 0x01020304'
printf 'User-Name = "late"\nUser-Password = "password"\n' | a timeout 10 radclient -r 2 -t 1 -D "$DICTIONARY" 10.77.0.3:1812 auth testing >>client.log 2>&1 || true
recorded
for c in 1 2 3 11; do expect radius.pcap "radius.code == $c"; done

# Syslog: both formats, every kind of priority, and lines without one.
cat >rsyslog.conf <<-END
	module(load="$RSYSLIB/imudp.so")
	global(workDirectory="$tmp")
	input(type="imudp" port="514")
	action(type="omfile" file="$tmp/messages")
END
start "$B" rsyslogd -n -M "$RSYSLIB" -f "$tmp/rsyslog.conf" -i "$tmp/rsyslogd.pid"
listening "$B" u 514
record syslog.pcap "$A" wl0 udp port 514
for p in kern.emerg auth.notice local7.debug mail.err cron.info; do
	ok logger -n 10.77.0.2 -P 514 -d --rfc3164 -t tests -p $p "a message of $p"
	ok logger -n fd77::2 -P 514 -d --rfc5424 -t tests -p $p "a message of $p"
done
ok logger -n 10.77.0.2 -P 514 -d --rfc5424 -t tests --msgid ID47 --sd-id 'test@32473' --sd-param 'x="1"' -p daemon.warning "with data"
a "$PYTHON" - <<-END
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for m in (b"no priority\n", b"<999>beyond the facilities", b"<13>two\nlines\x00", "<14>gr\u00fc\u00dfe".encode(), b"<broken"):
	    s.sendto(m, ("10.77.0.2", 514))
END
recorded
expect syslog.pcap syslog 15
good_checksums dhcp.pcap ntp.pcap snmp.pcap radius.pcap syslog.pcap
