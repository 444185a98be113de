package parquet

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/row"
)

// testEnv returns an Env whose errors fail the test, unless report is set.
func testEnv(t testing.TB, report func(error)) writers.Env {
	if report == nil {
		report = func(err error) { t.Error(err) }
	}
	return writers.Env{
		Context: context.Background(), Now: time.Now, Report: report, Notice: func(string) {},
		Sensor: "test", Version: "1",
	}
}

// connAt returns the i-th of a million connections that differ like real ones.
func connAt(c *schemas.Conn, i uint64) {
	x := i * 0x9e3779b97f4a7c15
	var a, b [4]byte
	binary.BigEndian.PutUint32(a[:], 10<<24|uint32(x>>52))
	binary.BigEndian.PutUint32(b[:], 93<<24|uint32(x>>44)&0xffff)
	c.TS = value.Time(1768543200e9 + int64(i)*1e6)
	c.UID = fmt.Sprintf("C%017x", x)
	c.ID = schemas.ID{OrigH: netip.AddrFrom4(a), OrigP: schemas.Port(x>>20 | 1024), RespH: netip.AddrFrom4(b), RespP: schemas.Port([]int{443, 53, 80, 22}[x>>8&3])}
	c.Duration = value.Some(value.Interval(float64(x>>40) / 1e6))
	c.OrigBytes, c.RespBytes = value.Some(x>>50), value.Some(x>>46)
	c.OrigPkts, c.RespPkts = value.Some(x>>60), value.Some(x>>59)
	c.OrigIPBytes, c.RespIPBytes = value.Some(x>>49), value.Some(x>>45)
}

// connRows returns n rows of conn.
func connRows(n int) []writers.Row {
	e, c := row.New(0), testlog.Conn()
	rows := make([]writers.Row, n)
	for i := range rows {
		connAt(c, uint64(i))
		rows[i] = writers.Row{Key: writers.Key{Time: int64(c.TS)}, Data: e.Append(nil, c)}
	}
	return rows
}

// BenchmarkConn writes a million connections.
func BenchmarkConn(b *testing.B) {
	rows := connRows(1e6)
	b.ReportAllocs()
	for b.Loop() {
		p := New(Default(b.TempDir()))
		env := testEnv(b, nil)
		if err := p.Start(env); err != nil {
			b.Fatal(err)
		}
		var counts writers.Counts
		s, err := p.Open(writers.StreamInfo{Log: "conn", Schema: schemas.ConnSchema.With(0), Counts: &counts, Env: env})
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < len(rows); i += 500 {
			s.Write(rows[i : i+500])
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows))*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
