package conn

import (
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/value"
)

const redisPort = 6379

// likelyServer holds the ports of Zeek's likely_server_ports: those for which its
// analyzers are registered.
var likelyServer = func() (set [2][1 << 16 / 64]uint64) {
	tcp := []uint16{
		21, 2811, // FTP
		22,      // SSH
		25, 587, // SMTP
		53,                                  // DNS
		79,                                  // Finger
		80, 81, 631, 3128, 8000, 8080, 8888, // HTTP
		88,       // Kerberos
		135,      // DCE-RPC
		139, 445, // SMB
		143,                                                         // IMAP
		443, 465, 563, 585, 614, 636, 989, 990, 992, 993, 995, 5223, // TLS
		502,        // Modbus
		1080,       // SOCKS, HTTP
		1434, 3306, // MySQL
		1883,       // MQTT
		3389,       // RDP
		5222, 5269, // XMPP
		redisPort,
		6666, 6667, 6668, 6669, // IRC
		20000, // DNP3
	}
	udp := []uint16{
		53, 137, 5353, 5355, // DNS
		67, 4011, // DHCP
		88,       // Kerberos
		123,      // NTP
		161, 162, // SNMP
		443,        // DTLS
		514,        // syslog
		1812,       // RADIUS
		2123, 2152, // GTP
		3389,  // RDP
		3544,  // Teredo
		4754,  // GRE
		4789,  // VXLAN
		5060,  // SIP
		5072,  // AYIYA
		6081,  // Geneve
		20000, // DNP3
	}
	for i, ports := range [2][]uint16{tcp, udp} {
		for _, p := range ports {
			set[i][p>>6] |= 1 << (p & 63)
		}
	}
	return set
}()

// likelyServerPort reports whether port is likely to be a server's. Zeek guesses the
// originator by it if the beginning of a connection is missing (likely_server_ports).
func likelyServerPort(p value.Proto, port uint16) bool {
	i := 0
	if p == value.ProtoUDP {
		i = 1
	}
	return likelyServer[i][port>>6]&(1<<(port&63)) != 0
}

// AddServerPort makes port likely to be a server's, as Zeek's register_for_ports does. It
// may be called only before the first packet.
func (t *Table) AddServerPort(p value.Proto, port uint16) {
	if t.serverPorts == nil {
		t.serverPorts = make(map[value.Port]bool)
	}
	t.serverPorts[value.Port{Num: port, Proto: p}] = true
}

// likelyServer is likelyServerPort with the ports of AddServerPort.
func (t *Table) likelyServer(p value.Proto, port uint16) bool {
	if port == redisPort && t.cfg.Compat.Has(compat.NoSpicy) {
		return false
	}
	return likelyServerPort(p, port) || t.serverPorts != nil && t.serverPorts[value.Port{Num: port, Proto: p}]
}
