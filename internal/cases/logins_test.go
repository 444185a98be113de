package cases

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

func TestNTLMFailedLogin(t *testing.T) {
	capture := input(t, "54-ntlm-failed-login", "full.pcapng")
	for _, c := range []struct {
		compat string
		want   []string
	}{{"none", []string{"F"}}, {"zeek-8.2", []string{"-"}}} {
		logs, _ := read(t, func(o *pipeline.Options) {
			o.Compat, o.Dissect.Packet.IgnoreChecksums = c.compat, true
		}, capture)
		if got := column(logs["ntlm"], "success"); !slices.Equal(got, c.want) {
			t.Errorf("%s: success %q, want %q", c.compat, got, c.want)
		}
	}
}

func TestFTPLogins(t *testing.T) {
	capture := input(t, "22-ftp-login-only", "in.pcap")
	for _, c := range []struct {
		compat string
		rows   int
	}{{"none", 3}, {"zeek-8.2", 0}} {
		logs, _ := read(t, func(o *pipeline.Options) {
			o.Compat, o.Dissect.Packet.IgnoreChecksums = c.compat, true
		}, capture)
		if n := len(logs["ftp"]); n != c.rows {
			t.Errorf("%s: %d rows, want %d", c.compat, n, c.rows)
		}
		for _, r := range logs["ftp"] {
			if r["user"] != "bob" || r["command"] != "PASS" || r["arg"] != "<hidden>" || r["reply_code"] != "530" {
				t.Errorf("%s: %v", c.compat, r)
			}
		}
	}
}
