package cases

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// TestDNS has the questions and answers of each row, without and with Zeek's behaviour.
func TestDNS(t *testing.T) {
	for _, c := range []struct {
		dir, file  string
		ours, zeek []string
	}{
		{"12-mdns-other-answer", "mdns-no-assoc.pcap", []string{
			"initial-query-a.local A - -", "initial-query-aaaa.local AAAA - -",
			"unrelated-reply-a.local - NOERROR 192.168.0.2", "unrelated-reply-aaaa.local - NOERROR fe80::200:deff:fead:beef",
			"v6-initial.local AAAA - -", "v6-unrelated.local - NOERROR fe80::1",
		}, []string{
			"initial-query-a.local A NOERROR 192.168.0.2", "initial-query-aaaa.local AAAA NOERROR fe80::200:deff:fead:beef",
			"v6-initial.local AAAA NOERROR fe80::1",
		}},
		{"13-dns-response-without-answer", "in.pcap",
			[]string{"www.example.com AAAA NXDOMAIN -"}, []string{"- - NXDOMAIN -"}},
		{"14-dns-multi-question", "in.pcap",
			[]string{"foo.com A NOERROR -", "bar.com A NOERROR 1.2.3.4", "example.com A NOERROR -"},
			[]string{"example.com A NOERROR 1.2.3.4"}},
	} {
		for name, want := range map[string][]string{"none": c.ours, "zeek-8.2": c.zeek} {
			logs, _ := read(t, func(o *pipeline.Options) {
				o.Compat, o.Dissect.Packet.IgnoreChecksums = name, true
			}, input(t, c.dir, c.file))
			var got []string
			for _, r := range logs["dns"] {
				got = append(got, r["query"]+" "+r["qtype_name"]+" "+r["rcode_name"]+" "+r["answers"])
			}
			slices.Sort(got)
			want = slices.Sorted(slices.Values(want))
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s:\n got %q\nwant %q", c.dir, name, got, want)
			}
		}
	}
}
