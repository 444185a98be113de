package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/kafka"
)

// TypeKafka is the type of outputs to Apache Kafka.
const TypeKafka = "kafka"

// Forms of Kafka messages.
const (
	messagesWirelog = "wirelog"           // a topic per log, key and headers
	messagesPlain   = "zeek-kafka"        // as Zeek's Kafka plugin sends them
	messagesTagged  = "zeek-kafka-tagged" // the same, with its tag_json
	messagesSIEM    = "siem"              // values that need neither topic nor headers
)

// KafkaSettings are the settings of outputs of type kafka. See kafka.Config.
type KafkaSettings struct {
	Brokers        []string      `key:"brokers" doc:"addresses, host:port, of the brokers to contact first"`
	Messages       string        `key:"messages" oneof:"wirelog,siem,zeek-kafka,zeek-kafka-tagged" doc:"form of messages: wirelog (a topic per log, key and headers), siem (the same, with log, sensor, write time and record id in the value too, and times in ISO 8601), zeek-kafka or zeek-kafka-tagged (as Zeek's plugin sends them, to one topic, without key and headers)"`
	Topic          string        `key:"topic" doc:"template of topics, with {log} and {sensor}; zeek-{log} or zeek if not given, as messages implies"`
	Key            string        `key:"key" doc:"template of keys, with columns, {log} and {sensor}; {uid} or none if not given, as messages implies"`
	NoHeaders      bool          `key:"no_headers" doc:"send no headers: log, sensor, content-type, schema-version and record-id"`
	Timestamps     string        `key:"timestamps" oneof:"epoch,millis,iso8601" doc:"times in records: epoch (seconds), millis or iso8601"`
	Naming         string        `key:"naming" oneof:"zeek,ecs,ocsf,cim" doc:"names of columns: zeek, or those of a schema, with values as it requires: ecs (Elastic Common Schema), ocsf (Open Cybersecurity Schema Framework) or cim (Splunk's Common Information Model)"`
	Time           string        `key:"message_time" oneof:"now,capture" doc:"time of messages: now, or capture (retention may delete such messages at once)"`
	NoCreate       bool          `key:"no_create_topics" doc:"do not create missing topics; the run does not start without them"`
	Partitions     int           `key:"topic_partitions" unit:"count" min:"0" doc:"partitions of topics that are created; 0 leaves the number to the cluster"`
	Replication    int           `key:"topic_replication" unit:"count" min:"0" doc:"replicas of each partition of topics that are created; 0 leaves the number to the cluster"`
	Retention      time.Duration `key:"topic_retention" doc:"time for which topics that are created keep records; 0s leaves it to the cluster"`
	RetentionBytes int           `key:"topic_retention_bytes" unit:"bytes" min:"0" doc:"bytes that each partition of topics that are created keeps; 0 leaves it to the cluster"`

	Compression string        `key:"compression" oneof:"none,gzip,snappy,lz4,zstd" doc:"compression of batches: none, gzip, snappy, lz4 or zstd"`
	BatchBytes  int           `key:"batch_bytes" unit:"bytes" min:"1" doc:"bytes of records at which a batch is sent"`
	Linger      time.Duration `key:"linger" doc:"time after which a smaller batch is sent"`
	BufferBytes int           `key:"buffer_bytes" unit:"bytes" min:"1" doc:"bytes of records that may wait for acknowledgement; beyond it reading waits"`
	Deadline    time.Duration `key:"deadline" doc:"time to keep trying to send a record; then it is lost, and counted"`
	Timeout     time.Duration `key:"request_timeout" doc:"time to wait for one answer"`
	MaxMessage  int           `key:"max_message_bytes" unit:"bytes" min:"1024" doc:"bytes of the largest record, with key and headers"`
	TooLarge    string        `key:"too_large" oneof:"cut,aside" doc:"what to do with a larger record: cut shortens its strings and lists and marks it, aside keeps it in a file"`
	Aside       string        `key:"aside" is:"path" opens:"to write" doc:"file for records that are too large or that the broker refuses; dropped if not given"`
	Spool       string        `key:"spool" is:"path" opens:"to write" doc:"folder, for this output alone, that keeps records while the brokers do not accept them, for live traffic; reading waits if not given"`
	SpoolBytes  int           `key:"spool_bytes" unit:"bytes" min:"1" doc:"bytes that spool may hold; beyond it records are lost, and counted"`

	TLS          bool   `key:"tls" doc:"encrypt connections"`
	TLSCA        string `key:"tls_ca" is:"path" doc:"file with the certificates to verify brokers with; the system's if not given"`
	TLSCert      string `key:"tls_cert" is:"path" doc:"file with the client's certificate"`
	TLSKey       string `key:"tls_key" is:"path" doc:"file with the key of tls_cert"`
	TLSInsecure  bool   `key:"tls_skip_verify" doc:"accept any certificate of a broker"`
	SASL         string `key:"sasl" oneof:"none,plain,scram-sha-256,scram-sha-512" doc:"authentication: none, plain, scram-sha-256 or scram-sha-512"`
	SASLUser     string `key:"sasl_user" doc:"name to authenticate with"`
	PasswordFile string `key:"sasl_password_file" is:"path" doc:"file with the password, read at each connection"`
}

func defaultKafka() *KafkaSettings {
	c := kafka.Default()
	return &KafkaSettings{
		Messages: messagesWirelog, Timestamps: TimestampsEpoch, Naming: NamingZeek, Time: "now",
		Compression: c.Compression, BatchBytes: c.BatchBytes, Linger: c.Linger, BufferBytes: c.BufferBytes,
		Deadline: c.Deadline, Timeout: c.RequestTimeout, MaxMessage: c.MaxMessage, TooLarge: c.TooLarge,
		SpoolBytes: c.SpoolBytes, SASL: c.SASL,
	}
}

// config translates the settings to those of package kafka.
func (s *KafkaSettings) config() (kafka.Config, error) {
	c := kafka.Default()
	var err error
	if c.Format.Timestamps, err = json.ParseTimestamps(s.Timestamps); err != nil {
		return c, fmt.Errorf("timestamps: %w", err)
	}
	if c.Format.Naming, err = lookupNaming(s.Naming); err != nil {
		return c, err
	}
	if c.Format.Naming != nil && c.Format.Timestamps == json.Millis {
		return c, errNaming
	}
	switch s.Messages {
	case messagesPlain, messagesTagged:
		c.Topic, c.Key, c.Headers, c.Tagged = "zeek", "", false, s.Messages == messagesTagged
	case messagesSIEM:
		c.Format.Timestamps, c.Format.Streaming, c.IDs = json.ISO8601, true, true
	}
	if s.Topic != "" {
		c.Topic = s.Topic
	}
	if s.Key != "" {
		c.Key = s.Key
	}
	c.Brokers, c.Headers, c.EventTime, c.CreateTopics = s.Brokers, c.Headers && !s.NoHeaders, s.Time == "capture", !s.NoCreate
	c.Partitions, c.Replication, c.Retention, c.RetentionBytes = s.Partitions, s.Replication, s.Retention, s.RetentionBytes
	c.Compression, c.BatchBytes, c.Linger, c.BufferBytes = s.Compression, s.BatchBytes, s.Linger, s.BufferBytes
	c.Deadline, c.RequestTimeout = s.Deadline, s.Timeout
	c.MaxMessage, c.TooLarge, c.Aside = s.MaxMessage, s.TooLarge, s.Aside
	c.Spool, c.SpoolBytes = s.Spool, s.SpoolBytes
	c.TLS = kafka.TLS{On: s.TLS, CA: s.TLSCA, Cert: s.TLSCert, Key: s.TLSKey, SkipVerify: s.TLSInsecure}
	c.SASL, c.User, c.PasswordFile = s.SASL, s.SASLUser, s.PasswordFile
	return c, nil
}

var kafkaType = OutputFactory{
	Name: TypeKafka, Doc: "messages of Apache Kafka, a JSON object each", Events: true,
	Settings: func() any { return defaultKafka() },
	Make:     makeKafka,
}

// makeKafka sets w's place to Kafka.
func makeKafka(o *Options, settings any, w *writers.Output) error {
	c, err := settings.(*KafkaSettings).config()
	if err != nil {
		return err
	}
	known, err := o.known()
	if err != nil {
		return err
	}
	if err := checkKafkaKey(known, c.Key, w.Fields.Rename); err != nil {
		return err
	}
	if c.Format.Naming != nil || c.Format.Streaming {
		c.Format.System = o.sensor()
	}
	w.Place, err = kafka.New(c)
	return err
}

// checkKafkaKey verifies that each column that a template names is a column of some
// log, or the new name of one. Messages of a log without the column have no key.
func checkKafkaKey(logs schemas.Set, key string, renamed []string) error {
	columns, err := kafka.Columns(key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	known := []string{"log", "sensor"}
	for _, s := range logs.All() {
		for _, f := range s.Fields {
			known = append(known, f.Name)
		}
	}
	for _, r := range renamed {
		_, to, _ := strings.Cut(r, "=")
		known = append(known, to)
	}
	for _, c := range columns {
		if !slices.Contains(known, c) {
			return fmt.Errorf("key: no log has a column %q%s", c, nearest.Hint(c, known))
		}
	}
	return nil
}
