package kafka_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/cim"
	"github.com/wirelog/wirelog/schemas/ecs"
	"github.com/wirelog/wirelog/schemas/mapping"
	"github.com/wirelog/wirelog/schemas/ocsf"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	zeekjson "github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/kafka"
)

// brokers starts a cluster in this process.
func brokers(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.DefaultNumPartitions(3), kfake.AllowAutoTopicCreation()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// quick returns a configuration for tests, with short times.
func quick(addrs []string) kafka.Config {
	c := kafka.Default()
	c.Brokers, c.Linger, c.Deadline, c.RequestTimeout = addrs, 5*time.Millisecond, 20*time.Second, 5*time.Second
	return c
}

// A rig is a merger with one kafka place.
type rig struct {
	t *testing.T
	*writers.Merger
	collector *writers.Collector
	num       uint64

	mu               sync.Mutex
	reports, notices []string
}

func start(t *testing.T, c kafka.Config, change ...func(*writers.Config)) *rig {
	t.Helper()
	r, err := try(t, c, change...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refused returns the error of a start that must fail.
func refused(t *testing.T, c kafka.Config) string {
	t.Helper()
	_, err := try(t, c)
	if err == nil {
		t.Fatal("the start succeeds")
	}
	return err.Error()
}

func try(t *testing.T, c kafka.Config, change ...func(*writers.Config)) (*rig, error) {
	t.Helper()
	p, err := kafka.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t}
	cfg := writers.Config{
		Outputs: []writers.Output{{Place: p}}, Sensor: "tap1",
		Logs:   []*schemas.Schema{&schemas.ConnSchema, &schemas.WeirdSchema},
		Report: func(err error) { r.mu.Lock(); defer r.mu.Unlock(); r.reports = append(r.reports, err.Error()) },
		Notice: func(s string) { r.mu.Lock(); defer r.mu.Unlock(); r.notices = append(r.notices, s) },
	}
	for _, f := range change {
		f(&cfg)
	}
	if r.Merger, err = writers.New(cfg); err != nil {
		return nil, err
	}
	r.collector = r.Collector()
	return r, nil
}

// conns writes n conn records with the uids C0, C1, ….
func (r *rig) conns(n int) {
	for range n {
		rec := testlog.Conn()
		rec.UID = fmt.Sprintf("C%d", r.num)
		r.emit(rec)
	}
	r.Merge(r.collector.Flush())
}

func (r *rig) emit(rec schemas.Record) {
	r.num++
	r.collector.SetCause(int64(r.num)*1e6, writers.ClassPacket, r.num)
	r.collector.Emit(rec)
}

// finish closes the merger, checks that every record is counted once, and returns the
// counts of conn.
func (r *rig) finish() writers.StreamStats {
	r.t.Helper()
	err := r.Close()
	stats := r.Stats().Streams
	for _, s := range stats {
		sum := s.Written
		for _, d := range s.Dropped {
			sum += d
		}
		if sum != s.Built {
			r.t.Errorf("%s: %d built, %d written and dropped", s.Log, s.Built, sum)
		}
		if s.Lost() > 0 && err == nil {
			r.t.Errorf("%s: %d lost, and Close says nothing", s.Log, s.Lost())
		}
	}
	return stats[slices.IndexFunc(stats, func(s writers.StreamStats) bool { return s.Log == "conn" })]
}

// consume reads n records of a topic with another client library.
func consume(t *testing.T, addrs []string, n int, topic string, opts ...kgo.Opt) []*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addrs...), kgo.ConsumeTopics(topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var list []*kgo.Record
	for len(list) < n && ctx.Err() == nil {
		list = append(list, cl.PollFetches(ctx).Records()...)
	}
	if len(list) < n {
		t.Fatalf("%s has %d records, want %d", topic, len(list), n)
	}
	return list
}

func headers(r *kgo.Record) map[string]string {
	m := map[string]string{}
	for _, h := range r.Headers {
		m[h.Key] = string(h.Value)
	}
	return m
}

// atLeastOnce verifies that every uid is present, and that duplicates have the same id.
func atLeastOnce(t *testing.T, list []*kgo.Record, n int) {
	t.Helper()
	ids := map[string]string{}
	for _, r := range list {
		id := headers(r)["record-id"]
		if old, ok := ids[string(r.Key)]; ok && old != id {
			t.Errorf("%s has the ids %s and %s", r.Key, old, id)
		}
		ids[string(r.Key)] = id
	}
	for i := range n {
		if ids[fmt.Sprintf("C%d", i)] == "" {
			t.Fatalf("C%d is missing", i)
		}
	}
}

func TestMessages(t *testing.T) {
	for _, compression := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			c := brokers(t)
			cfg := quick(c.ListenAddrs())
			cfg.Compression = compression
			cfg.BatchBytes = 10_000
			before := time.Now().Add(-time.Second)
			r := start(t, cfg)
			r.conns(300)
			if s := r.finish(); s.Written != 300 || s.Bytes == 0 || len(r.reports) != 0 {
				t.Errorf("%+v, %q", s, r.reports)
			}
			list := consume(t, c.ListenAddrs(), 300, "zeek-conn")
			if len(list) != 300 {
				t.Errorf("%d records", len(list))
			}
			atLeastOnce(t, list, 300)
			order := map[int32]uint64{}
			for _, m := range list {
				var value struct{ UID string }
				if err := json.Unmarshal(m.Value, &value); err != nil || value.UID != string(m.Key) {
					t.Fatalf("key %s, value %s: %v", m.Key, m.Value, err)
				}
				h := headers(m)
				version := string(kafka.SchemaVersion(&schemas.ConnSchema, 0))
				if h["log"] != "conn" || h["sensor"] != "tap1" || h["content-type"] != "application/json" || h["schema-version"] != version {
					t.Fatalf("headers %v", h)
				}
				var time, class, num, seq uint64
				if n, err := fmt.Sscanf(h["record-id"], "tap1/conn/%d.%d.%d.%d", &time, &class, &num, &seq); n != 4 {
					t.Fatal(h["record-id"], err)
				}
				if num <= order[m.Partition] {
					t.Fatal("order is not kept in a partition")
				}
				order[m.Partition] = num
				if m.Timestamp.Before(before) {
					t.Fatalf("message time %v", m.Timestamp)
				}
			}
			if len(order) != 3 {
				t.Errorf("partitions %v", order)
			}
		})
	}
}

func TestPresetsOfZeekKafka(t *testing.T) {
	for _, tagged := range []bool{false, true} {
		c := brokers(t)
		cfg := quick(c.ListenAddrs())
		cfg.Topic, cfg.Key, cfg.Headers, cfg.Tagged, cfg.EventTime = "zeek", "", false, tagged, true
		r := start(t, cfg)
		r.conns(1)
		r.emit(&schemas.Weird{TS: 1e9, Name: "odd"})
		r.Merge(r.collector.Flush())
		r.finish()
		for _, m := range consume(t, c.ListenAddrs(), 2, "zeek") {
			if m.Key != nil || len(m.Headers) != 0 || m.Timestamp.UnixMilli() > 10 {
				t.Errorf("key %q, headers %v, time %v", m.Key, m.Headers, m.Timestamp)
			}
			var value map[string]any
			if err := json.Unmarshal(m.Value, &value); err != nil {
				t.Fatal(err)
			}
			if got := strings.HasPrefix(string(m.Value), `{"conn": {"ts":`) || strings.HasPrefix(string(m.Value), `{"weird": {"ts":`); got != tagged {
				t.Errorf("%s", m.Value)
			}
		}
	}
}

// A message of the recipe for SIEMs needs neither its topic nor its headers.
func TestStandingByThemselves(t *testing.T) {
	for name, naming := range map[string]*mapping.Naming{"": nil, "ecs": &ecs.Naming, "ocsf": &ocsf.Naming, "cim": &cim.Naming} {
		c := brokers(t)
		cfg := quick(c.ListenAddrs())
		cfg.Topic, cfg.IDs = "zeek", true
		cfg.Format = zeekjson.Format{Streaming: true, Timestamps: zeekjson.ISO8601, System: `tap"1`, Naming: naming}
		r := start(t, cfg, func(c *writers.Config) {
			c.Sensor = `tap"1`
			c.Lines = []writers.Lines{{Name: "events", Outputs: []int{0}}}
		})
		r.conns(1)
		r.collector.CloseLine(0, append(r.collector.OpenLine(0), `{"name":"x"}`...))
		r.Merge(r.collector.Flush())
		r.finish()
		for _, m := range consume(t, c.ListenAddrs(), 2, "zeek") {
			id := headers(m)["record-id"]
			var value map[string]any
			if err := json.Unmarshal(m.Value, &value); err != nil || id == "" {
				t.Fatalf("%s: %v", m.Value, err)
			}
			var got []any
			switch kind := headers(m)["log"] + " " + name; kind {
			case "conn ecs":
				got = []any{value["event.dataset"], value["observer.name"], value["event.created"], value["wirelog.record_id"], value["@timestamp"]}
			case "conn ocsf":
				md := value["metadata"].(map[string]any)
				got = []any{md["log_name"], md["loggers"].([]any)[0].(map[string]any)["name"], md["logged_time"], md["uid"], value["time"]}
			case "conn cim":
				got = []any{value["log"], value["dvc"], value["write_ts"], value["record_id"], value["ts"]}
			default: // events have one form
				got = []any{value["_path"], value["_system_name"], value["_write_ts"], value["_record_id"], value["ts"]}
				if value["name"] == "x" {
					got[4] = "as it is"
				}
			}
			for i, v := range got {
				if v == nil || i == 1 && v != `tap"1` || i == 3 && v != id {
					t.Errorf("%s: %v", m.Value, got)
				}
			}
			if written := fmt.Sprint(got[2]); name == "" && !strings.HasSuffix(written, "Z") {
				t.Errorf("written %s", written)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	for key, want := range map[string]string{
		"{uid}": "C0", "{log}:{id.orig_h}-{id.resp_p}": "conn:" + testlog.Conn().ID.OrigH.String() + fmt.Sprint("-", testlog.Conn().ID.RespP),
		"{sensor}": "tap1", "{name}": "", "": "",
	} {
		c := brokers(t)
		cfg := quick(c.ListenAddrs())
		cfg.Key = key
		r := start(t, cfg)
		r.conns(1)
		r.finish()
		if m := consume(t, c.ListenAddrs(), 1, "zeek-conn")[0]; string(m.Key) != want || (m.Key == nil) != (want == "") {
			t.Errorf("%s: %q", key, m.Key)
		}
	}
}

// The leader of the partitions changes repeatedly while records are written.
func TestLeaderChanges(t *testing.T) {
	c := brokers(t)
	cfg := quick(c.ListenAddrs())
	r := start(t, cfg)
	for range 5 {
		r.conns(100)
		c.ShufflePartitionLeaders()
	}
	if s := r.finish(); s.Written != 500 {
		t.Errorf("%+v %q", s, r.reports)
	}
	atLeastOnce(t, consume(t, c.ListenAddrs(), 500, "zeek-conn"), 500)
}

// respond answers the next n produce requests with an error code.
func respond(c *kfake.Cluster, n int, code int16) {
	answer := func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		req := kreq.(*kmsg.ProduceRequest)
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic = t.Topic
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, code
				rt.Partitions = append(rt.Partitions, rp)
			}
			res.Topics = append(res.Topics, rt)
		}
		return res, nil, true
	}
	for range n {
		c.ControlKey(int16(kmsg.Produce), answer)
	}
}

func TestErrorsThatPass(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.NotEnoughReplicas, kerr.RequestTimedOut, kerr.CorruptMessage, kerr.TopicAuthorizationFailed, kerr.UnknownTopicOrPartition} {
		c := brokers(t)
		r := start(t, quick(c.ListenAddrs()))
		respond(c, 3, e.Code)
		r.conns(10)
		if s := r.finish(); s.Written != 10 || len(s.Marks) != 1 || s.Marks[0].Name != "retries" || s.Marks[0].Count != 3 {
			t.Errorf("%s: %+v %q", e.Message, s, r.reports)
		}
		atLeastOnce(t, consume(t, c.ListenAddrs(), 10, "zeek-conn"), 10)
	}
}

// A connection breaks after the batch was accepted: the records are there twice, with
// the same id.
func TestLostAnswer(t *testing.T) {
	c := brokers(t, kfake.DefaultNumPartitions(1), kfake.NumBrokers(1))
	r := start(t, quick(c.ListenAddrs()))
	r.conns(1)
	time.Sleep(100 * time.Millisecond)
	h := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Count: 1, Err: kerr.RequestTimedOut})
	r.conns(10)
	if s := r.finish(); s.Written != 11 {
		t.Errorf("%+v", s)
	}
	if h.Hits() == 0 {
		t.Error("there was no fault")
	}
	list := consume(t, c.ListenAddrs(), 21, "zeek-conn")
	atLeastOnce(t, list, 11)
}

func TestBrokerRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "aside.json")
	for _, aside := range []string{"", file} {
		c := brokers(t, kfake.DefaultNumPartitions(1))
		cfg := quick(c.ListenAddrs())
		cfg.Aside = aside
		r := start(t, cfg)
		// The batch of four, its first half, and the first record of that half.
		respond(c, 3, kerr.InvalidRecord.Code)
		r.conns(4)
		s := r.finish()
		if s.Written != 3 || s.Dropped[kafka.DropRefused]+s.Dropped[kafka.DropAside] != 1 || (s.Dropped[kafka.DropAside] == 1) != (aside != "") {
			t.Errorf("%+v %q", s, r.reports)
		}
		consume(t, c.ListenAddrs(), 3, "zeek-conn")
	}
	var line struct {
		Topic, Key, Why string
		ID              string `json:"record_id"`
		Record          struct{ UID string }
	}
	b, _ := os.ReadFile(file)
	if err := json.Unmarshal(b, &line); err != nil || line.Topic != "zeek-conn" || line.Key != "C0" || line.Record.UID != "C0" || line.ID != "tap1/conn/1000000.1.1.0" || line.Why == "" {
		t.Errorf("%s: %v", b, err)
	}
}

func TestTooLarge(t *testing.T) {
	c := brokers(t, kfake.DefaultNumPartitions(1), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "3000"}))
	cfg := quick(c.ListenAddrs())
	cfg.Compression, cfg.MaxMessage = "none", 5000
	r := start(t, cfg)
	r.conns(20) // together too large for the broker
	for _, size := range []int{4000, 20_000} {
		rec := testlog.Conn()
		rec.UID, rec.History = fmt.Sprint("big", size), value.Some(strings.Repeat("Ω", size/2))
		r.emit(rec)
	}
	r.Merge(r.collector.Flush())
	s := r.finish()
	if s.Written != 22 || s.Lost() != 0 || !slices.ContainsFunc(s.Marks, func(m writers.MarkCount) bool { return m.Name == "records cut" }) {
		t.Errorf("%+v %q", s, r.reports)
	}
	list := consume(t, c.ListenAddrs(), 22, "zeek-conn")
	atLeastOnce(t, list, 20)
	for _, m := range list[20:] {
		var v struct {
			UID, History string
			Truncated    bool `json:"_truncated"`
		}
		if err := json.Unmarshal(m.Value, &v); err != nil || !strings.HasPrefix(v.UID, "big") || !v.Truncated || len(v.History) < 500 || strings.Trim(v.History, "Ω") != "" {
			t.Errorf("%s: %v", m.Value, err)
		}
		if headers(m)["truncated"] == "" {
			t.Error(headers(m))
		}
	}
}

func TestTooLargeAside(t *testing.T) {
	c := brokers(t)
	cfg := quick(c.ListenAddrs())
	cfg.MaxMessage, cfg.TooLarge, cfg.Aside = 2000, kafka.TooLargeAside, filepath.Join(t.TempDir(), "aside")
	r := start(t, cfg)
	rec := testlog.Conn()
	rec.History = value.Some(strings.Repeat("x", 2000))
	r.emit(rec)
	r.conns(1)
	if s := r.finish(); s.Written != 1 || s.Dropped[kafka.DropAside] != 1 {
		t.Errorf("%+v", s)
	}
}

// The broker is away at the start and comes while the writer waits.
func TestBrokerComesLate(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	addr := c.ListenAddrs()[0]
	c.Close()
	r := start(t, quick([]string{addr}))
	go func() {
		time.Sleep(3 * time.Second)
		var port int
		fmt.Sscanf(addr[strings.LastIndex(addr, ":")+1:], "%d", &port)
		c = brokers(t, kfake.NumBrokers(1), kfake.Ports(port))
	}()
	r.conns(50)
	if s := r.finish(); s.Written != 50 || len(r.notices) != 2 || !strings.Contains(r.notices[1], "answers again") {
		t.Errorf("%+v %q %q", s, r.reports, r.notices)
	}
	atLeastOnce(t, consume(t, []string{addr}, 50, "zeek-conn"), 50)
}

// The broker is gone for good: unacknowledged records are counted and reported.
func TestDeadline(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	cfg := quick(c.ListenAddrs())
	cfg.Deadline, cfg.RequestTimeout, cfg.BufferBytes = time.Second, time.Second, 20_000
	r := start(t, cfg)
	r.conns(10)
	time.Sleep(200 * time.Millisecond)
	c.Close()
	begun := time.Now()
	r.conns(1000) // far more than the buffer holds
	s := r.finish()
	if s.Written != 10 || s.Dropped[kafka.DropUnacknowledged] != 1000 || len(r.reports) != 1 {
		t.Errorf("%+v %q", s, r.reports)
	}
	if d := time.Since(begun); d > 15*time.Second {
		t.Errorf("that took %s", d)
	}
}

// The time to wait at the end of a run is over before the deadline of records: they are given
// up, told of and counted. Until then they are not safe.
func TestStopDeadline(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	cfg := quick(c.ListenAddrs())
	cfg.Deadline = time.Hour
	r := start(t, cfg, func(c *writers.Config) { c.StopDeadline = time.Second })
	r.conns(10)
	mark := r.Mark()
	for safe, whole := mark(); !safe; safe, whole = mark() {
		if !whole {
			t.Fatal("rows are lost")
		}
		r.Flush()
	}
	c.Close()
	r.conns(20)
	if safe, _ := r.Mark()(); safe {
		t.Error("rows are safe that nobody has acknowledged")
	}
	s := r.finish()
	if s.Written != 10 || s.Dropped[kafka.DropUnacknowledged] != 20 || len(r.reports) != 1 {
		t.Errorf("%+v %q", s, r.reports)
	}
}

// A slow broker slows the writer down, and nothing is lost.
func TestSlowBroker(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1), kfake.DefaultNumPartitions(1))
	var requests int
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		requests++
		c.SleepControl(func() { time.Sleep(20 * time.Millisecond) })
		return nil, nil, false
	})
	cfg := quick(c.ListenAddrs())
	cfg.BatchBytes, cfg.BufferBytes = 10_000, 30_000
	r := start(t, cfg)
	r.conns(1000)
	if s := r.finish(); s.Written != 1000 || requests < 20 {
		t.Errorf("%+v, %d requests", s, requests)
	}
	atLeastOnce(t, consume(t, c.ListenAddrs(), 1000, "zeek-conn"), 1000)
}

func TestAuthentication(t *testing.T) {
	for mechanism, name := range map[string]string{kafka.SASLPlain: "PLAIN", kafka.SASLScram256: "SCRAM-SHA-256", kafka.SASLScram512: "SCRAM-SHA-512"} {
		c := brokers(t, kfake.EnableSASL(), kfake.Superuser(name, "wire", "secret"), kfake.Superuser("SCRAM-SHA-256", "reader", "x"))
		cfg := quick(c.ListenAddrs())
		cfg.SASL, cfg.User, cfg.PasswordFile = mechanism, "wire", filepath.Join(t.TempDir(), "password")
		os.WriteFile(cfg.PasswordFile, []byte("wrong\n"), 0o600)
		if err := refused(t, cfg); !strings.HasSuffix(err, ": wrong user or password") {
			t.Errorf("%s: %s", mechanism, err)
		}
		os.WriteFile(cfg.PasswordFile, []byte("secret\n"), 0o600)
		r := start(t, cfg)
		os.WriteFile(cfg.PasswordFile, []byte("wrong\n"), 0o600)
		go func() {
			// Correct the password while the writer retries.
			time.Sleep(500 * time.Millisecond)
			os.WriteFile(cfg.PasswordFile, []byte("secret\n"), 0o600)
		}()
		r.conns(5)
		if s := r.finish(); s.Written != 5 {
			t.Errorf("%s: %+v %q %q", mechanism, s, r.reports, r.notices)
		}
		atLeastOnce(t, consume(t, c.ListenAddrs(), 5, "zeek-conn", kgo.SASL(scram.Auth{User: "reader", Pass: "x"}.AsSha256Mechanism())), 5)
	}
}

func TestEvents(t *testing.T) {
	c := brokers(t)
	r := start(t, quick(c.ListenAddrs()), func(cfg *writers.Config) {
		cfg.Lines = []writers.Lines{{Name: "events", Outputs: []int{0}}}
	})
	r.collector.CloseLine(0, append(r.collector.OpenLine(0), `{"name":"x"}`...))
	r.Merge(r.collector.Flush())
	r.finish()
	if m := consume(t, c.ListenAddrs(), 1, "zeek-events")[0]; string(m.Value) != `{"name":"x"}` || m.Key != nil || headers(m)["record-id"] == "" {
		t.Errorf("%s %v", m.Value, m.Headers)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, tt := range []struct {
		want   string
		change func(*kafka.Config)
	}{
		{"brokers: want at least one", func(c *kafka.Config) { c.Brokers = nil }},
		{`brokers: want host:port, got "x"`, func(c *kafka.Config) { c.Brokers = []string{"x"} }},
		{"there is no {uid}", func(c *kafka.Config) { c.Topic = "{uid}" }},
		{"cannot be the name of a topic", func(c *kafka.Config) { c.Topic = "a b" }},
		{"want a name between", func(c *kafka.Config) { c.Key = "{uid" }},
		{"compression: want none", func(c *kafka.Config) { c.Compression = "rar" }},
		{"aside: want a file", func(c *kafka.Config) { c.TooLarge = kafka.TooLargeAside }},
		{"sasl: want", func(c *kafka.Config) { c.SASL = kafka.SASLPlain }},
		{"must be more than 0s", func(c *kafka.Config) { c.Deadline = 0 }},
		{"go together", func(c *kafka.Config) { c.TLS.On, c.TLS.Cert = true, "x" }},
		{"want tls: true", func(c *kafka.Config) { c.TLS.CA = "x" }},
		{"want sasl too", func(c *kafka.Config) { c.User = "x" }},
		{"cannot be less than 0", func(c *kafka.Config) { c.Partitions = -1 }},
	} {
		c := quick([]string{"localhost:9092"})
		tt.change(&c)
		if _, err := kafka.New(c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
