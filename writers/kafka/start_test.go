package kafka_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/kafka"
)

// refusedOrTold returns the error of a start, or what it tells the user.
func refusedOrTold(t *testing.T, c kafka.Config) string {
	t.Helper()
	c.Deadline = time.Millisecond
	r, err := try(t, c)
	if err != nil {
		return err.Error()
	}
	return strings.Join(r.notices, " ")
}

// may allows an operation on the topics whose names begin with prefix.
func may(prefix string, op kmsg.ACLOperation) kfake.ACL {
	return kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: prefix, Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: op, Allow: true}
}

// What will not pass ends the run before it begins, with a message that says what to do.
func TestErrorsAtStart(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := func(c *kafka.Config) { c.SASL, c.User, c.PasswordFile = kafka.SASLScram256, "wire", password }
	user := func(acls ...kfake.ACL) []kfake.Opt {
		return []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("SCRAM-SHA-256", "wire", "x", acls...)}
	}
	write, describe, create := kmsg.ACLOperationWrite, kmsg.ACLOperationDescribe, kmsg.ACLOperationCreate
	for name, tt := range map[string]struct {
		cluster []kfake.Opt
		change  func(*kafka.Config)
		want    string // "" for no error
	}{
		"all rights":     {user(may("zeek-", write), may("zeek-", describe), may("zeek-", create)), login, ""},
		"no rights":      {user(), login, "the user wire has no right to write to topics zeek-conn, zeek-weird: grant Write and Describe"},
		"one topic":      {user(may("zeek-conn", write), may("zeek-conn", create)), login, "no right to write to topic zeek-weird"},
		"reading only":   {append(user(may("zeek-", describe), may("zeek-", create)), kfake.SeedTopics(1, "zeek-conn")), login, "no right to write to topic zeek-conn"},
		"no creation":    {append(user(may("zeek-", write)), kfake.SeedTopics(1, "zeek-conn")), login, "there is no topic zeek-weird, and the user wire has no right to create it: create it, grant"},
		"not to create":  {nil, func(c *kafka.Config) { c.CreateTopics = false }, "there are no topics zeek-conn, zeek-weird, and no_create_topics is set: create them"},
		"no partitions":  {nil, func(c *kafka.Config) { c.Replication = 30_000 }, "see topic_replication"},
		"no password":    {[]kfake.Opt{kfake.EnableSASL()}, func(*kafka.Config) {}, "set sasl"},
		"no user":        {[]kfake.Opt{kfake.EnableSASL()}, login, "wrong user or password"},
		"too old":        {[]kfake.Opt{kfake.MaxVersions(kversion.V0_10_2())}, func(*kafka.Config) {}, "the broker is too old: 0.11 or newer"},
		"no TLS":         {nil, func(c *kafka.Config) { c.TLS.On, c.RequestTimeout = true, 300*time.Millisecond }, ""},
		"unreachable":    {nil, func(c *kafka.Config) { c.Brokers = []string{"127.0.0.1:1"} }, ""},
		"one reachable":  {nil, func(c *kafka.Config) { c.Brokers = append([]string{"127.0.0.1:1"}, c.Brokers...) }, ""},
		"plain password": {[]kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "wire", "x")}, func(c *kafka.Config) { login(c); c.SASL = kafka.SASLPlain }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := brokers(t, tt.cluster...)
			cfg := quick(c.ListenAddrs())
			tt.change(&cfg)
			r, err := try(t, cfg)
			if (err == nil) != (tt.want == "") || err != nil && (!strings.HasPrefix(err.Error(), "kafka: ") || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if err != nil {
				for _, word := range []string{"kafka.", "kafka-go", "RoundTrip"} {
					if strings.Contains(err.Error(), word) {
						t.Errorf("%v: %s is a library's name", err, word)
					}
				}
				return
			}
			if err := r.Check(t.Context()); (err == nil) == (name == "unreachable" || name == "no TLS") {
				t.Errorf("Check says %v", err)
			}
			switch notices := strings.Join(r.notices, " "); name {
			case "unreachable":
				if !strings.Contains(notices, "127.0.0.1:1: connection refused; trying again") {
					t.Error(notices)
				}
			case "no TLS":
				if !strings.Contains(notices, "no answer to the TLS handshake") {
					t.Error(notices)
				}
			case "plain password":
				if !strings.Contains(notices, "plain without tls") {
					t.Error(notices)
				}
			default:
				if notices != "" {
					t.Error(notices)
				}
			}
		})
	}
}

// A topic is created when its first record comes, with the options for it.
func TestCreatesTopics(t *testing.T) {
	c := brokers(t)
	cfg := quick(c.ListenAddrs())
	cfg.Partitions, cfg.Replication, cfg.Retention, cfg.RetentionBytes = 5, 2, time.Hour, 1<<30
	r := start(t, cfg)
	if c.TopicInfo("zeek-conn") != nil || c.TopicInfo("zeek-weird") != nil {
		t.Error("there are topics before there are records")
	}
	r.conns(1)
	if s := r.finish(); s.Written != 1 {
		t.Errorf("%+v %q", s, r.reports)
	}
	info := c.TopicInfo("zeek-conn")
	if info == nil || c.TopicInfo("zeek-weird") != nil {
		t.Fatal("want the topic with records alone")
	}
	if n := len(c.PartitionInfos("zeek-conn")); n != 5 {
		t.Errorf("%d partitions", n)
	}
	for key, want := range map[string]string{"retention.ms": "3600000", "retention.bytes": "1073741824"} {
		if got := info.Configs[key]; got == nil || *got != want {
			t.Errorf("%s is %v, want %s", key, got, want)
		}
	}
}

// denyProduce refuses records of a topic until allow is called.
func denyProduce(c *kfake.Cluster, topic string, code int16) (allow func()) {
	denied := true
	c.ControlKey(int16(kmsg.Produce), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := kreq.(*kmsg.ProduceRequest)
		if !denied || req.Topics[0].Topic != topic {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, code
				rt.Partitions = append(rt.Partitions, rp)
			}
			res.Topics = append(res.Topics, rt)
		}
		return res, nil, true
	})
	return func() {
		c.Control(func(kmsg.Request) (kmsg.Response, error, bool) { denied = false; return nil, nil, false })
	}
}

func (r *rig) weirds(n int) {
	for range n {
		r.emit(&schemas.Weird{TS: 1e9, Name: strings.Repeat("odd", 100)})
	}
	r.Merge(r.collector.Flush())
}

func (r *rig) weird() writers.StreamStats {
	for _, s := range r.Stats().Streams {
		if s.Log == "weird" {
			return s
		}
	}
	return writers.StreamStats{}
}

// A topic that the broker denies does not hold up the others, even when it has filled the
// buffer before, and is told of once.
func TestOneTopicDenied(t *testing.T) {
	for _, spooled := range []bool{false, true} {
		c := brokers(t, kfake.DefaultNumPartitions(1), kfake.SeedTopics(1, "zeek-weird", "zeek-conn"))
		allow := denyProduce(c, "zeek-weird", kerr.TopicAuthorizationFailed.Code)
		cfg := quick(c.ListenAddrs())
		cfg.BufferBytes, cfg.Deadline = 50_000, time.Hour
		if spooled {
			cfg.Spool = filepath.Join(t.TempDir(), "spool")
		}
		r := start(t, cfg)
		for range 10 {
			r.weirds(100)
			r.conns(100)
		}
		allConns(t, c.ListenAddrs())
		allow()
		conn := r.finish()
		w := r.weird()
		if conn.Written != 1000 || w.Written == 0 || w.Written+w.Dropped[kafka.DropUnacknowledged] != 1000 || (w.Written == 1000) != spooled {
			t.Errorf("conn %+v, weird %+v", conn, w)
		}
		if len(r.reports) != 0 {
			t.Errorf("%q", r.reports)
		}
	}
}

// allConns verifies that a thousand conn records are acknowledged.
func allConns(t *testing.T, addrs []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range consume(t, addrs, 1000, "zeek-conn") {
		seen[string(m.Key)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d conn records before weird is allowed", len(seen))
	}
}

// A denied topic is given up after the deadline, once, and nothing says that it is well.
func TestDeniedTopicIsGivenUpOnce(t *testing.T) {
	c := brokers(t, kfake.DefaultNumPartitions(1), kfake.SeedTopics(1, "zeek-weird", "zeek-conn"))
	denyProduce(c, "zeek-weird", kerr.TopicAuthorizationFailed.Code)
	cfg := quick(c.ListenAddrs())
	cfg.BufferBytes, cfg.BatchBytes, cfg.Deadline = 50_000, 10_000, 800*time.Millisecond
	r := start(t, cfg)
	for range 20 {
		r.weirds(50)
		r.conns(50)
	}
	if conn, w := r.finish(), r.weird(); conn.Written != 1000 || w.Dropped[kafka.DropUnacknowledged] != 1000 {
		t.Errorf("conn %+v, weird %+v", conn, w)
	}
	if len(r.reports) != 1 || !strings.Contains(r.reports[0], "kafka: topic zeek-weird: the user has no right to write to the topic; given up after ") || len(r.notices) != 0 {
		t.Errorf("%q %q", r.reports, r.notices)
	}
}

// What an interrupt ends is not said to be the deadline's work.
func TestGivenUpAfterInterrupt(t *testing.T) {
	c := brokers(t, kfake.NumBrokers(1))
	cfg := quick(c.ListenAddrs())
	cfg.Deadline = time.Hour
	defer func(d time.Duration) { *kafka.InterruptGrace = d }(*kafka.InterruptGrace)
	*kafka.InterruptGrace = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	r := start(t, cfg, func(w *writers.Config) { w.Context = ctx })
	c.Close()
	time.AfterFunc(100*time.Millisecond, cancel)
	r.conns(1)
	if s := r.finish(); s.Dropped[kafka.DropUnacknowledged] != 1 {
		t.Errorf("%+v", s)
	}
	if len(r.reports) != 1 || !strings.Contains(r.reports[0], "of it after the interrupt") || strings.Contains(r.reports[0], "1h0m0s") {
		t.Errorf("%q", r.reports)
	}
}
