package pipeline

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/writers"
)

func TestKafkaPresets(t *testing.T) {
	for _, tt := range []struct {
		change          func(*KafkaSettings)
		topic, key      string
		headers, tagged bool
	}{
		{func(*KafkaSettings) {}, "zeek-{log}", "{uid}", true, false},
		{func(s *KafkaSettings) { s.Messages = messagesPlain }, "zeek", "", false, false},
		{func(s *KafkaSettings) { s.Messages = messagesTagged }, "zeek", "", false, true},
		{func(s *KafkaSettings) { s.Messages, s.Topic, s.Key = messagesTagged, "{log}", "{id.orig_h}" }, "{log}", "{id.orig_h}", false, true},
		{func(s *KafkaSettings) { s.Messages = messagesSIEM }, "zeek-{log}", "{uid}", true, false},
		{func(s *KafkaSettings) { s.NoHeaders = true }, "zeek-{log}", "{uid}", false, false},
	} {
		s := defaultKafka()
		tt.change(s)
		c, err := s.config()
		if err != nil || c.Topic != tt.topic || c.Key != tt.key || c.Headers != tt.headers || c.Tagged != tt.tagged {
			t.Errorf("%+v: %+v, %v", s, c, err)
		}
	}
}

func TestKafkaKeyNamesColumns(t *testing.T) {
	for key, want := range map[string]string{
		"{uid}": "", "{log}-{sensor}-{query}": "", "{src_ip}": "", "": "",
		"{uidd}": "did you mean uid?", "{uid": "want a name between { and }",
	} {
		s := defaultKafka()
		s.Brokers, s.Key = []string{"localhost:9092"}, key
		err := makeKafka(new(Options), s, &writers.Output{Fields: writers.Fields{Rename: []string{"id.orig_h=src_ip"}}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestKafkaShortForm(t *testing.T) {
	o := Defaults()
	o.Kafka, o.JSONTimestamps = []string{"a:1", "b:2"}, TimestampsISO8601
	list, err := o.outputs()
	if err != nil || len(list) != 1 || list[0].Type != TypeKafka {
		t.Fatal(list, err)
	}
	if s := list[0].Settings.(*KafkaSettings); len(s.Brokers) != 2 || s.Timestamps != TimestampsISO8601 {
		t.Errorf("%+v", s)
	}
	o.Kafka = []string{"a"}
	if errs := o.CheckOutputs(); len(errs) != 1 || errs[0].Error() != `Kafka: brokers: want host:port, got "a"` {
		t.Error(errs)
	}
}

func TestKafkaURL(t *testing.T) {
	for text, want := range map[string]func(*KafkaSettings){
		"a:1,b:2":              func(s *KafkaSettings) { s.Brokers = []string{"a:1", "b:2"} },
		"kafka://a":            func(s *KafkaSettings) { s.Brokers = []string{"a:9092"} },
		"kafka://a:1,b:2/":     func(s *KafkaSettings) { s.Brokers = []string{"a:1", "b:2"} },
		"kafka://[::1]:1,[::]": func(s *KafkaSettings) { s.Brokers = []string{"[::1]:1", "[::]:9092"} },
		"kafka://a@b:1/x-{log}?tls&sasl=plain&sasl_password_file=/p&deadline=4s&buffer_bytes=1000000": func(s *KafkaSettings) {
			s.Brokers, s.SASLUser, s.Topic, s.TLS, s.SASL, s.PasswordFile = []string{"b:1"}, "a", "x-{log}", true, "plain", "/p"
			s.Deadline, s.BufferBytes = 4*time.Second, 1_000_000
		},
		"kafka://a@x.test@b?tls=false&topic=t": func(s *KafkaSettings) { s.Brokers, s.SASLUser, s.Topic = []string{"b:9092"}, "a@x.test", "t" },
	} {
		got := defaultKafka()
		got.Brokers = strings.Split(text, ",")
		exp := defaultKafka()
		want(exp)
		if err := got.fromURL(text); err != nil || !reflect.DeepEqual(got, exp) {
			t.Errorf("%s: %v\n%+v\n%+v", text, err, got, exp)
		}
	}
	for text, want := range map[string]string{
		"kafka://":                  "want kafka://HOST:PORT",
		"kafkas://a":                `the scheme "kafkas"`,
		"kafka://a:secret@b:1":      "a password in a URL",
		"kafka://b:1?tsl=true":      "did you mean tls?",
		"kafka://b:1?brokers=c":     "no such key",
		"kafka://b:1?sasl=kerberos": "sasl: ",
		"kafka://b:1?deadline=x":    "deadline: ",
	} {
		if err := defaultKafka().fromURL(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
