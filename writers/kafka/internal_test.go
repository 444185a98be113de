package kafka

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	zeekjson "github.com/wirelog/wirelog/writers/json"
)

// The values are from Kafka's own test (UtilsTest.testMurmur2).
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got := int32(murmur2([]byte(key))); got != want {
			t.Errorf("%s: %d, want %d", key, got, want)
		}
	}
}

func TestBatchGivesItsMessagesBack(t *testing.T) {
	var b batch
	var all []message
	for i := range 300 {
		m := message{value: bytes.Repeat([]byte{'v'}, i*7), time: int64(1000 - i)}
		if i%3 > 0 {
			m.key = bytes.Repeat([]byte{'k'}, i%3-1)
		}
		for h := range i % 4 {
			m.headers, m.nHeaders = appendHeader(m.headers, fmt.Sprint("h", h), []byte{byte(i)}), h+1
		}
		all = append(all, m)
		before := len(b.records)
		b.add(nil, nil, &m)
		if len(b.records)-before > recordSize(&m) {
			t.Fatalf("message %d: recordSize is %d for %d bytes", i, recordSize(&m), len(b.records)-before)
		}
	}
	for i, want := range all {
		m := b.message(i)
		if !bytes.Equal(m.key, want.key) || (m.key == nil) != (want.key == nil) || !bytes.Equal(m.value, want.value) ||
			!bytes.Equal(m.headers, want.headers) || m.nHeaders != want.nHeaders || m.time != want.time {
			t.Fatalf("message %d is %+v, was %+v", i, m, want)
		}
		if i%4 == 3 && !bytes.Equal(m.header("h2"), []byte{byte(i)}) {
			t.Fatalf("header of %d: %q", i, m.header("h2"))
		}
	}
}

func TestCut(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, object := range []string{
		`{}`, `{"a":1}`,
		`{"a":"` + long + `","b":["` + long + `","` + long + `"],"c":null}`,
		`{"a":"` + strings.Repeat(`\u00e9\\\"\n`, 50) + `"}`,
		`{"a":"` + strings.Repeat(`\"`, 300) + `"}`,
		`{"a":"` + strings.Repeat("Ωé", 200) + `"}`,
		`{"conn": {"a":"` + long + `","b":[],"n":1.5e-7}}`,
		`{"name":"x","args":[{"a":"` + long + `"},[[1,2,[3]],true],"` + long + `",5]}`,
		`{"l":[` + strings.Repeat("1,", 500) + `2]}`,
	} {
		for _, limit := range []int{20, 50, 100, 200, 600, 2000} {
			got := cut([]byte(object), limit)
			if got == nil {
				if limit >= 200 {
					t.Errorf("%.60s cannot be cut to %d", object, limit)
				}
				continue
			}
			if len(got) > limit || !json.Valid(got) || !bytes.HasSuffix(got, []byte(`"_truncated":true}`)) {
				t.Errorf("%.60s cut to %d: %d bytes: %s", object, limit, len(got), got)
			}
		}
	}
	if cut([]byte(`{"a":1,"b":2}`), 20) != nil {
		t.Error("a record of numbers was cut")
	}
}

// The encoding of any values can be cut to any size that its numbers allow.
func FuzzCut(f *testing.F) {
	f.Add("x", "ab\x00\xff\\\"", uint16(300))
	f.Fuzz(func(t *testing.T, a, b string, limit uint16) {
		rec := testlog.Conn()
		rec.UID, rec.History, rec.Service = a, value.Some(b), value.Some(a+b)
		e := zeekjson.Format{}.New(&schemas.ConnSchema, 0)
		object := bytes.TrimSuffix(e.Append(nil, rec), []byte("\n"))
		got := cut(object, int(limit)+600)
		if got == nil || len(got) > int(limit)+600 || !json.Valid(got) {
			t.Errorf("%s to %d: %s", object, int(limit)+600, got)
		}
	})
}

func TestEncoderAllocates(t *testing.T) {
	c := Default()
	c.Brokers = []string{"x:1"}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	e := newRowEncoder(&c, &writers.StreamInfo{Log: "conn", Schema: &schemas.ConnSchema})
	rec, buf := testlog.Conn(), make([]byte, 0, 4096)
	var b batch
	s := &stream{place: &Place{config: c}, info: writers.StreamInfo{Schema: &schemas.ConnSchema}, nHeaders: 1, headers: appendHeader(nil, "log", []byte("conn"))}
	row := writers.Row{}
	if n := testing.AllocsPerRun(1000, func() {
		row.Data = e.Append(buf[:0], rec)
		m := s.message(&row, 0)
		if b.add(s, nil, &m); len(b.rows) == 100 {
			b.reset()
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// BenchmarkRecord measures the cost of a record without sending: JSON, key, id, batch,
// compression and checksum.
func BenchmarkRecord(b *testing.B) {
	for _, name := range []string{"none", "snappy", "lz4", "zstd"} {
		b.Run(name, func(b *testing.B) {
			c := Default()
			c.Brokers, c.Compression = []string{"x:1"}, name
			if err := c.check(); err != nil {
				b.Fatal(err)
			}
			e := newRowEncoder(&c, &writers.StreamInfo{Log: "conn", Schema: &schemas.ConnSchema})
			s := &stream{place: &Place{config: c}, info: writers.StreamInfo{Schema: &schemas.ConnSchema}, idPrefix: "sensor/conn/", nHeaders: 1, headers: appendHeader(nil, "log", []byte("conn"))}
			rec := testlog.Conn()
			uids := make([]string, 4096)
			for i := range uids {
				uids[i] = fmt.Sprintf("C%017x", rand.Uint64())
			}
			var batch batch
			var row writers.Row
			var wire []byte
			b.ReportAllocs()
			for b.Loop() {
				row.Key.Num++
				rec.UID = uids[row.Key.Num%4096]
				row.Data = e.Append(row.Data[:0], rec)
				b.SetBytes(int64(len(row.Data)))
				m := s.message(&row, 1)
				if batch.add(s, nil, &m); len(batch.records) > c.BatchBytes {
					var err error
					if wire, err = batch.appendTo(wire[:0], c.compression); err != nil {
						b.Fatal(err)
					}
					batch.reset()
				}
			}
		})
	}
}
