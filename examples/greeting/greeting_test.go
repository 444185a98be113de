package greeting_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/examples/greeting"
	"github.com/wirelog/wirelog/pipeline"
)

// clients is how many hosts greet the server.
const clients = 20

// TestGreeting runs the protocol on four shards, over packets that are made here, and
// looks for its service, its event and its log in four formats, one of them its own.
func TestGreeting(t *testing.T) {
	dir := t.TempDir()
	o := pipeline.Defaults()
	o.Shards, o.Seed = 4, "test"
	greeting.Add(&o)
	o.OutputFactories = []pipeline.OutputFactory{greeting.CSV}
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.FromPackets(packets, b)
	}
	o.EventsFile, o.EventNames = filepath.Join(dir, "events.jsonl"), []string{"greeting"}
	o.Logs = []string{"greeting", "conn"}
	for _, typ := range []string{"tsv", "json", "parquet"} {
		settings, err := pipeline.NewSettings(typ)
		if err != nil {
			t.Fatal(err)
		}
		switch s := settings.(type) {
		case *pipeline.TSVSettings:
			s.Dir = filepath.Join(dir, typ)
		case *pipeline.JSONSettings:
			s.Dir = filepath.Join(dir, typ)
		case *pipeline.ParquetSettings:
			s.Dir = filepath.Join(dir, typ)
		}
		o.Outputs = append(o.Outputs, pipeline.Output{Type: typ, Settings: settings})
	}
	o.Outputs = append(o.Outputs, pipeline.Output{
		Type: "csv", Settings: &greeting.CSVSettings{Dir: filepath.Join(dir, "csv")}, Logs: []string{"greeting"}})

	s, err := pipeline.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Packets != 2*clients || s.Connections != clients {
		t.Errorf("%d packets, %d connections", s.Packets, s.Connections)
	}
	for file, want := range map[string]int{"csv/greeting.csv": 2*clients + 1, "json/greeting.log": 2 * clients, "events.jsonl": 2 * clients} {
		if got := strings.Count(read(t, dir, file), "\n"); got != want {
			t.Errorf("%s has %d lines, want %d", file, got, want)
		}
	}
	if got := strings.Count(read(t, dir, "tsv/conn.log"), "\tgreeting\t"); got != clients {
		t.Errorf("%d connections have the service", got)
	}
	if got := read(t, dir, "csv/greeting.csv"); !strings.HasPrefix(got, "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,name,is_orig\n2023-11-14T22:13:20Z,C") ||
		!strings.Contains(got, ",10.0.0.1,40000,10.1.0.1,4000,wire,true\n") {
		t.Errorf("csv:\n%s", got)
	}
	parquet, err := filepath.Glob(filepath.Join(dir, "parquet", "greeting", "*", "*", "*.parquet"))
	if err != nil || len(parquet) != 1 {
		t.Errorf("parquet files %v, %v", parquet, err)
	}
}

func read(t *testing.T, dir, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// packets yields a greeting of each client and its answer.
func packets(yield func(capture.Packet) bool) {
	at := int64(1_700_000_000e9)
	for i := range byte(clients) {
		client, server := []byte{10, 0, 0, i + 1}, []byte{10, 1, 0, i + 1}
		for _, p := range [][]byte{
			datagram(client, server, 40_000, 4000, "HELLO wire"),
			datagram(server, client, 4000, 40_000, "WELCOME wire"),
		} {
			if !yield(capture.Packet{Data: p, Time: at, Link: uint16(layers.LinkTypeRaw)}) {
				return
			}
			at += 1e6
		}
	}
}

// datagram is a UDP datagram in an IPv4 packet.
func datagram(src, dst []byte, from, to layers.UDPPort, payload string) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: src, DstIP: dst}
	udp := &layers.UDP{SrcPort: from, DstPort: to}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	b := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, opts, ip, udp, gopacket.Payload(payload)); err != nil {
		panic(err)
	}
	return b.Bytes()
}
