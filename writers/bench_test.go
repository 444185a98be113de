package writers_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// conns are records that differ in the columns that differ between real connections.
func conns(n int) []*schemas.Conn {
	list := make([]*schemas.Conn, n)
	for i := range list {
		c := testlog.Conn()
		c.TS += value.Time(i) * 1_234_567
		uid := []byte(c.UID)
		for j := range 6 {
			uid[3+j] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[(i>>j*7+j*11)%62]
		}
		c.UID = string(uid)
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], 0x0a000000+uint32(i)*2654435761>>8)
		c.ID.OrigH, c.ID.OrigP = netip.AddrFrom4(b), schemas.Port(1024+i*7919%60000)
		c.Duration.V = value.Interval(float64(i%5000)*0.01234567 + 0.000123)
		c.OrigBytes.V, c.RespBytes.V = uint64(i*37%100000), uint64(i)*7919%10000000
		list[i] = c
	}
	return list
}

// BenchmarkMillion writes a million conn records per operation, from one goroutine, in
// batches, to files in a temporary folder.
func BenchmarkMillion(b *testing.B) {
	const records, batch = 1_000_000, 1000
	list := conns(batch)
	for _, bm := range []struct {
		name   string
		output writers.Output
	}{
		{"tsv", writers.Output{Format: tsv.Format{}}},
		{"json", writers.Output{Format: json.Format{}}},
		{"json-streaming", writers.Output{Format: json.Format{Streaming: true, Timestamps: json.ISO8601, System: "tap1"}}},
		{"tsv-fields", writers.Output{Format: tsv.Format{}, Fields: writers.Fields{Drop: []string{"history"}, Add: []string{"site=Berlin"}}}},
		{"tsv-where", writers.Output{Format: tsv.Format{}, Where: map[string]string{"conn": "duration > 10 && resp_bytes > 1000"}}},
		{"tsv-rotated", writers.Output{Format: tsv.Format{}, Rotation: writers.Rotation{Size: 64 << 20}}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bm.output.Dir = b.TempDir()
				m := newMerger(b, writers.Config{Outputs: []writers.Output{bm.output}})
				c := m.Collector()
				for i := range records / batch {
					for j, rec := range list {
						c.SetCause(int64(i)*1e9, writers.ClassPacket, uint64(i*batch+j))
						c.Emit(rec)
					}
					m.Merge(c.Flush())
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
