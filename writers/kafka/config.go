package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/wirelog/wirelog/writers/json"
)

// What happens to a record that is larger than Config.MaxMessage or than the broker
// accepts.
const (
	tooLargeCut   = "cut"   // shorten its strings and lists, and mark it
	tooLargeAside = "aside" // write it to the file Config.Aside
)

// Mechanisms of authentication.
const (
	saslNone     = "none"
	saslPlain    = "plain"
	saslScram256 = "scram-sha-256"
	saslScram512 = "scram-sha-512"
)

// Config says where messages go and how.
type Config struct {
	// Brokers are the addresses, host:port, of the first brokers to ask.
	Brokers  []string
	ClientID string
	// Topic is the template of topics, with {log} and {sensor}. Key is the template of
	// keys, with these and columns; "" sends messages without a key.
	Topic, Key string
	Format     json.Format
	// Tagged wraps the record in an object with the log's name.
	Tagged bool
	// Headers adds the headers log, sensor, schema-version, content-type and record-id.
	Headers bool
	// IDs puts the record id into the value too. With Format.Streaming, a message then needs
	// neither its topic nor its headers.
	IDs bool
	// EventTime sets the time of messages to the clock of the capture instead of the
	// wall clock.
	EventTime bool
	// CreateTopics creates missing topics, if the cluster allows that. Partitions,
	// Replication, Retention and RetentionBytes (of a partition) are for these; 0 leaves
	// the choice to the cluster.
	CreateTopics                            bool
	Partitions, Replication, RetentionBytes int
	Retention                               time.Duration

	// Compression is none, gzip, snappy, lz4 or zstd.
	Compression string
	// BatchBytes is the size of records at which a batch is sent; Linger is when a
	// smaller batch is sent. BufferBytes limits what waits for acknowledgement.
	BatchBytes, BufferBytes int
	Linger                  time.Duration
	// Deadline limits the attempts to send a record, RequestTimeout the wait for one
	// answer.
	Deadline, RequestTimeout time.Duration
	// MaxMessage is the largest size of a record in bytes. A larger one is shortened if
	// TooLarge is "cut", and written to the file Aside if it is "aside".
	MaxMessage int
	TooLarge   string
	// Aside is the file for records that cannot be sent: those that the broker refuses
	// and large ones. "" drops them.
	Aside string

	// Spool is the folder that keeps records while the cluster is away, and SpoolBytes
	// its limit. Without a folder, Write blocks instead. A folder belongs to one place.
	Spool      string
	SpoolBytes int

	TLS TLS
	// SASL is the mechanism: "none", "plain", "scram-sha-256" or "scram-sha-512". The
	// password is read from its file for each connection, so that it can change while
	// the program runs.
	SASL, User, PasswordFile string

	key, topic  template
	compression compress.Compression
}

// TLS configures encryption. Files are in PEM form.
type TLS struct {
	On bool
	// CA holds the certificates that brokers are verified with, instead of the system's.
	CA string
	// Cert and Key are those of the client.
	Cert, Key string
	// SkipVerify accepts any certificate.
	SkipVerify bool
}

// Default returns the default configuration.
func Default() Config {
	return Config{
		ClientID: "wirelog", Topic: "zeek-{log}", Key: "{uid}", Headers: true, CreateTopics: true,
		Compression: "zstd", BatchBytes: 512 << 10, BufferBytes: 64 << 20, Linger: 100 * time.Millisecond,
		Deadline: 5 * time.Minute, RequestTimeout: 30 * time.Second,
		MaxMessage: 1_000_000, TooLarge: tooLargeCut, SpoolBytes: 1 << 30, SASL: saslNone,
	}
}

// check verifies c and parses its text fields.
func (c *Config) check() error {
	if len(c.Brokers) == 0 {
		return errors.New("brokers: want at least one address such as localhost:9092")
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return fmt.Errorf("brokers: want host:port, got %q", b)
		}
	}
	var err error
	if c.topic, err = parseTemplate(c.Topic); err != nil {
		return fmt.Errorf("topic: %w", err)
	}
	if _, err := topicName(c.topic, "log", "sensor"); err != nil {
		return err
	}
	if c.key, err = parseTemplate(c.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if err := c.compression.UnmarshalText([]byte(c.Compression)); err != nil {
		return fmt.Errorf("compression: want none, gzip, snappy, lz4 or zstd, got %q", c.Compression)
	}
	if c.TooLarge == tooLargeAside && c.Aside == "" {
		return errors.New("aside: want a file for the records that are too large")
	}
	if c.Deadline <= 0 || c.RequestTimeout <= 0 {
		return errors.New("deadline and request_timeout must be more than 0s")
	}
	switch given := c.User != "" || c.PasswordFile != ""; {
	case c.SASL != saslNone && (c.User == "" || c.PasswordFile == ""):
		return errors.New("sasl: want sasl_user and sasl_password_file too")
	case c.SASL == saslNone && given:
		return errors.New("sasl_user and sasl_password_file: want sasl too: plain, scram-sha-256 or scram-sha-512")
	case !c.TLS.On && c.TLS != TLS{}:
		return errors.New("tls_ca, tls_cert, tls_key and tls_skip_verify: want tls: true too")
	}
	if c.Partitions < 0 || c.Replication < 0 || c.Replication > math.MaxInt16 || c.Retention < 0 || c.RetentionBytes < 0 {
		return errors.New("topic_partitions, topic_replication, topic_retention and topic_retention_bytes cannot be less than 0, nor replication more than 32767")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls_cert and tls_key go together")
	}
	return nil
}

// warnings says what is unsafe.
func (c *Config) warnings() []string {
	var list []string
	if c.SASL == saslPlain && !c.TLS.On {
		list = append(list, "sasl: plain without tls sends the password so that anyone on the way can read it: set tls to true, or use scram-sha-512")
	}
	if c.TLS.SkipVerify {
		list = append(list, "tls_skip_verify: anyone on the way can pose as a broker, and read the records and the password: use tls_ca instead")
	}
	return list
}

// transport returns the settings of connections. topics limits the metadata that brokers
// are asked for.
func (c *Config) transport(topics []string) (*kafkago.Transport, error) {
	t := &kafkago.Transport{
		ClientID: c.ClientID,
		// The library picks a random time up to this bound: how long a new leader may go
		// unnoticed.
		MetadataTTL:    3 * time.Second,
		MetadataTopics: topics,
	}
	var err error
	if t.TLS, err = c.tls(); err != nil {
		return nil, err
	}
	if c.SASL != saslNone {
		m := &login{config: c}
		if _, err := m.mechanism(); err != nil {
			return nil, err
		}
		t.SASL = m
	}
	return t, nil
}

func (c *Config) tls() (*tls.Config, error) {
	if !c.TLS.On {
		return nil, nil
	}
	t := &tls.Config{InsecureSkipVerify: c.TLS.SkipVerify}
	if c.TLS.CA != "" {
		pem, err := os.ReadFile(c.TLS.CA)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in PEM form", c.TLS.CA)
		}
	}
	if c.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", c.TLS.Cert, c.TLS.Key, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// A login is a sasl.Mechanism that reads the password for each connection.
type login struct{ config *Config }

func (l *login) mechanism() (sasl.Mechanism, error) {
	c := l.config
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, err
	}
	password := strings.TrimRight(string(b), "\r\n")
	switch c.SASL {
	case saslPlain:
		return plain.Mechanism{Username: c.User, Password: password}, nil
	case saslScram256:
		return scram.Mechanism(scram.SHA256, c.User, password)
	case saslScram512:
		return scram.Mechanism(scram.SHA512, c.User, password)
	default:
		return nil, fmt.Errorf("sasl: unknown mechanism %q", c.SASL)
	}
}

// Name implements sasl.Mechanism.
func (l *login) Name() string {
	return cmp.Or(map[string]string{
		saslScram256: scram.SHA256.Name(), saslScram512: scram.SHA512.Name(),
	}[l.config.SASL], plain.Mechanism{}.Name())
}

// Start implements sasl.Mechanism.
func (l *login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	m, err := l.mechanism()
	if err != nil {
		return nil, nil, err
	}
	return m.Start(ctx)
}
