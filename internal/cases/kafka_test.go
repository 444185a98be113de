package cases

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

// A topic that the broker denies is given up once, after the deadline; the other is
// written meanwhile.
func TestKafkaOneTopicDenied(t *testing.T) {
	const denied = "zeek-dns"
	capture := input(t, "45-kafka-one-topic-denied", "in.pcap")
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "zeek-conn", denied))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	var mu sync.Mutex
	refusals, connDone := 0, false
	cluster.ControlKey(int16(kmsg.Produce), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		req := kreq.(*kmsg.ProduceRequest)
		if req.Topics[0].Topic != denied {
			return nil, nil, false
		}
		mu.Lock()
		refusals++
		mu.Unlock()
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		topic, partition := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopicPartition()
		topic.Topic, topic.TopicID = denied, req.Topics[0].TopicID
		partition.Partition, partition.ErrorCode = req.Topics[0].Partitions[0].Partition, kerr.TopicAuthorizationFailed.Code
		topic.Partitions = append(topic.Partitions, partition)
		res.Topics = append(res.Topics, topic)
		return res, nil, true
	})

	o := pipeline.Defaults()
	t.Setenv("WIRELOG_CONFIG", input(t, "45-kafka-one-topic-denied", "wirelog.yaml"))
	loaded, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Outputs = loaded.Outputs
	settings := o.Outputs[0].Settings.(*pipeline.KafkaSettings)
	settings.Brokers = cluster.ListenAddrs()
	var notices []string
	o.Paths, o.Logs = []string{capture}, []string{"conn", "dns"}
	o.Notice = func(s string) {
		mu.Lock()
		defer mu.Unlock()
		notices = append(notices, s)
	}
	// The wait used to add up to 106 s.
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	s, err := pipeline.Run(ctx, o)
	if ctx.Err() != nil {
		t.Error("the run did not end")
	}
	if err == nil || strings.Count(err.Error(), "given up") != 1 || !strings.Contains(err.Error(), "topic zeek-dns: the user has no right to write to the topic; given up after 4s") {
		t.Errorf("got the error %v", err)
	}
	for _, l := range s.Logs {
		if want := l.Log == "conn"; (l.Written == 20_000) != want {
			t.Errorf("%+v", l)
		}
		connDone = connDone || l.Log == "conn"
	}
	if all := strings.Join(notices, "\n"); !connDone || strings.Contains(all, "again, after") || len(notices) > 1 {
		t.Errorf("%+v\n%s", s.Logs, all)
	}
}
