package cases

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

func TestMoreCapturedThanOriginal(t *testing.T) {
	for _, c := range []struct {
		file string
		n    uint64
	}{{"bad-caplen.pcap", 1}, {"in.pcap", 2}, {"in.pcapng", 2}} {
		logs, s := read(t, nil, input(t, "05-caplen-gt-len", c.file))
		if s.Lost() || s.Records.OverOriginal != c.n || s.Packets != c.n || len(logs["conn"]) != 1 {
			t.Errorf("%s: %+v, conn %v", c.file, s, logs["conn"])
		}
	}
}

func TestEmptyRecord(t *testing.T) {
	logs, s := read(t, nil, input(t, "zeek-05-empty-record", "caplen0.pcap"))
	w := logs["weird"]
	if len(w) != 1 || w[0]["name"] != "empty_pcap_header" || w[0]["source"] != "-" || w[0]["ts"] != "1700000000.000000" {
		t.Errorf("weird %v", w)
	}
	if c := logs["conn"]; len(c) != 1 || c[0]["duration"] != "2.000000" || c[0]["orig_pkts"] != "2" {
		t.Errorf("conn %v", c)
	}
	if s.Lost() || dropped(&s, packet.DropEmpty) != 1 || s.Records.Empty != 1 {
		t.Errorf("%+v", s)
	}
}

func TestBigTCP(t *testing.T) {
	logs, s := read(t, nil, input(t, "zeek-06-big-tcp-ipv6", "big.pcap"))
	if w := logs["weird"]; len(w) != 1 || w[0]["name"] != "truncated_header" || w[0]["source"] != "TCP" || w[0]["uid"] == "-" {
		t.Errorf("weird %v", w)
	}
	if c := logs["conn"]; len(c) != 1 || c[0]["history"] != "-" || c[0]["orig_pkts"] != "0" || c[0]["orig_ip_bytes"] != "0" {
		t.Errorf("conn %v", c)
	}
	if dropped(&s, packet.DropTruncatedHeader) != 1 {
		t.Errorf("%+v", s.Dropped)
	}
}

func TestGTPExtensionHeader(t *testing.T) {
	for file, want := range map[string]string{
		"short.pcap": "Binpac exception: binpac exception: out_of_bound: GTPv1_Ext_Header:contents: 755 > 21",
		"edge.pcap":  "Binpac exception: binpac exception: out_of_bound: GTPv1_Ext_Header:next_type: 4 > 3",
	} {
		logs, _ := read(t, nil, input(t, "zeek-07-gtpv1-ext-header", file))
		if got := column(logs["analyzer"], "failure_reason"); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
