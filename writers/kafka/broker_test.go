package kafka_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/kafka"
)

// BenchmarkBroker sends conn records of 500 bytes to a real broker, named by
// WIRELOG_TEST_KAFKA, and waits until all are acknowledged. It tells how many cores this
// process has used meanwhile.
//
//	WIRELOG_TEST_KAFKA=localhost:9092 go test ./writers/kafka -run ^$ -bench Broker -benchtime 1000000x
func BenchmarkBroker(b *testing.B) {
	addr := os.Getenv("WIRELOG_TEST_KAFKA")
	if addr == "" {
		b.Skip("WIRELOG_TEST_KAFKA names no broker")
	}
	for _, compression := range []string{"none", "lz4", "zstd"} {
		b.Run(compression, func(b *testing.B) {
			cfg := kafka.Default()
			cfg.Brokers, cfg.Compression, cfg.Topic = []string{addr}, compression, "bench-"+compression
			p, err := kafka.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			m, err := writers.New(writers.Config{
				Outputs: []writers.Output{{Place: p}}, Logs: []*schemas.Schema{&schemas.ConnSchema}, Sensor: "bench",
				Report: func(err error) { b.Error(err) },
			})
			if err != nil {
				b.Fatal(err)
			}
			c := m.Collector()
			rec := testlog.Conn()
			size := recordSize(&rec.UID, rec)
			rec.History = value.Some(strings.Repeat("D", max(0, 500-size)))
			begun, cpu := time.Now(), cpuTime(b)
			b.SetBytes(500)
			for i := 0; i < b.N; {
				for range min(2000, b.N-i) {
					i++
					rec.UID = uid(uint64(i))
					c.SetCause(int64(i), writers.ClassPacket, uint64(i))
					c.Emit(rec)
				}
				m.Merge(c.Flush())
			}
			if err := m.Close(); err != nil {
				b.Fatal(err)
			}
			elapsed := time.Since(begun).Seconds()
			if n := m.Stats().Streams[0].Written; n != uint64(b.N) {
				b.Fatalf("%d of %d were acknowledged", n, b.N)
			}
			b.ReportMetric(float64(b.N)/elapsed, "records/s")
			b.ReportMetric((cpuTime(b)-cpu).Seconds()/elapsed, "cores")
		})
	}
}

func uid(n uint64) string {
	b := []byte("C00000000000000000")
	n *= 0x9e3779b97f4a7c15
	for i := 1; i < len(b); i++ {
		b[i] = "0123456789abcdefghijkmnopqrstuvw"[n&31]
		n = n>>5 | n<<59
	}
	return string(b)
}

func recordSize(uidOf *string, rec schemas.Record) int {
	*uidOf = uid(1)
	e := kafka.Default().Format.New(rec.Schema(), 0)
	return len(e.Append(nil, rec))
}

// cpuTime returns the CPU time of this process.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
