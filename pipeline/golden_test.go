package pipeline

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var updateGolden = flag.Bool("update", false, "write testdata/golden anew")

// goldenEvents are the captures whose events are compared too, and which events:
// mostly those that no reference capture has.
var goldenEvents = map[string]string{
	"bittorrent.pcap":     "bittorrent_*,bt_*",
	"dhcp.pcap":           "dhcp_*",
	"dnp3.pcap":           "dnp3_*",
	"finger.pcap":         "finger_*",
	"gnutella.pcap":       "gnutella_*",
	"http2.pcap":          "http2_*",
	"ident.pcap":          "ident_*",
	"ipsec.pcap":          "IPSEC::*",
	"krb-odd.pcap":        "krb_*",
	"ldap-sasl.pcap":      "LDAP::*",
	"ldap-tls.pcap":       "LDAP::*",
	"ldap.pcap":           "LDAP::*",
	"modbus-odd.pcap":     "modbus_*",
	"modbus.pcap":         "modbus_*",
	"mqtt.pcap":           "mqtt_*",
	"netbios.pcap":        "netbios_*",
	"ntp.pcap":            "ntp_*",
	"openvpn.pcap":        "OpenVPN::control_message,OpenVPN::ack_message,OpenVPN::data_message",
	"postgresql-tls.pcap": "PostgreSQL::*",
	"postgresql.pcap":     "PostgreSQL::*",
	"quic.pcap":           "QUIC::*",
	"radius.pcap":         "radius_*",
	"redis.pcap":          "Redis::*",
	"rfb.pcap":            "rfb_*",
	"rlogin.pcap":         "login_*,rsh_*,backdoor_*,*_signature_found,stp_*",
	"rpc.pcap":            "rpc_*,pm_*,mount_*,nfs_*",
	"sip-tcp.pcap":        "sip_*",
	"sip.pcap":            "sip_*",
	"smb1-odd.pcap":       "smb1_*",
	"smb1-talk.pcap":      "smb1_*",
	"snmp.pcap":           "snmp_*",
	"stun.pcap":           "STUN::channel_data,STUN::error_code_attribute",
	"syslog.pcap":         "syslog_*",
	"telnet.pcap":         "login_*,*_option*,backdoor_*,*_signature_found,interconn_*,stp_*",
	"tftp.pcap":           "tftp::*",
	"wireguard.pcap":      "Wireguard::*",
}

// goldenAnalyzers are the captures that need other analyzers than the default.
var goldenAnalyzers = map[string]string{
	"bittorrent.pcap": "+bittorrent,+bittorrenttracker",
	"gnutella.pcap":   "+gnutella",
	"ident.pcap":      "+ident",
	"netbios.pcap":    "+netbiosssn",
	"rlogin.pcap":     "+rlogin,+rsh,+backdoor,+steppingstone",
	"rpc.pcap":        "+portmapper,+mount,+nfs",
	"sip-tcp.pcap":    "+sip_tcp",
	"telnet.pcap":     "+telnet,+backdoor,+interconn,+steppingstone",
}

// TestGolden reads every capture of testdata, with checksums verified, and
// compares the logs with those under testdata/golden. After an intended change,
// run the following and review the differences:
//
//	go test ./pipeline -run TestGolden -update
func TestGolden(t *testing.T) {
	captures, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatalf("no captures in testdata: %v", err)
	}
	for _, path := range captures {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			want := filepath.Join("../testdata/golden", name)
			got := t.TempDir()
			if *updateGolden {
				if err := os.RemoveAll(want); err != nil {
					t.Fatal(err)
				}
				got = want
			}
			o := Defaults()
			o.Paths = []string{path}
			o.OutputDir = got
			o.Seed = "golden"
			o.OpenTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			if pattern, ok := goldenEvents[name]; ok {
				if err := os.MkdirAll(got, 0o755); err != nil {
					t.Fatal(err)
				}
				o.EventsFile, o.EventNames = filepath.Join(got, "events.jsonl"), strings.Split(pattern, ",")
			}
			if list, ok := goldenAnalyzers[name]; ok {
				o.Dissect.Analyzers = strings.Split(list, ",")
			}
			s, err := Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if *updateGolden {
				if err := os.RemoveAll(filepath.Join(got, ".wirelog")); err != nil {
					t.Fatal(err)
				}
				return
			}
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(want); err != nil { // a capture without rows has no folder
				want = t.TempDir()
			}
			sameOutput(t, name, &outcome{files: readTree(t, want)}, &outcome{files: readTree(t, got)})
		})
	}
}
