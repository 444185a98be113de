package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"

	"github.com/wirelog/wirelog/writers"
)

// probeTime limits the first contact with the cluster, before the run, and dialTime the
// wait for one of several brokers.
const (
	probeTime = 10 * time.Second
	dialTime  = 3 * time.Second
)

// writeRight is the bit for the right to write in the authorized operations of a topic
// (KIP-430: org.apache.kafka.common.acl.AclOperation).
const writeRight = 1 << 4

var (
	_ writers.Prepared = (*Place)(nil)
	_ writers.Checker  = (*Place)(nil)
	_ writers.Reacher  = (*Place)(nil)
)

// Ready implements writers.Prepared: it asks the cluster for all topics. What will not
// pass by itself is an error; a cluster that is away is not.
//
// It has its own connection, because the library's are kept for requests that may fail
// and answer from a cache.
func (p *Place) Ready() error {
	ctx, cancel := context.WithTimeout(p.env.Context, min(probeTime, p.config.RequestTimeout))
	defer cancel()
	err := p.probe(ctx)
	switch {
	case err == nil || p.env.Context.Err() != nil:
		return nil
	case !lasting(err):
		p.unready = say(err)
		p.health.trouble(p, err, 0)
		return nil
	}
	if p.spool != nil {
		p.spool.abandon()
	}
	return fmt.Errorf("kafka: %w", say(err))
}

// Check implements writers.Checker. That the cluster is away, which Ready takes for
// something that passes, is an error here. What is in the spool stays there.
func (p *Place) Check(context.Context) error {
	if p.spool != nil {
		p.spool.abandon()
	}
	if p.unready != nil {
		return fmt.Errorf("kafka: %w", p.unready)
	}
	return nil
}

// Ports implements writers.Reacher: the ports of the brokers that are configured, and of those
// that the cluster has named.
func (p *Place) Ports() (ports []uint16, all bool) {
	for _, b := range p.config.Brokers {
		_, text, err := net.SplitHostPort(b)
		if err != nil {
			continue // check has refused it
		}
		if port, err := net.LookupPort("tcp", text); err == nil {
			ports = append(ports, uint16(port))
		}
	}
	return append(ports, p.told...), len(p.told) > 0
}

// probe asks the first broker that answers.
func (p *Place) probe(ctx context.Context) error {
	t, err := p.config.transport(nil)
	if err != nil {
		return err
	}
	var failed error
	for _, addr := range p.config.Brokers {
		c, err := contact(ctx, t, addr)
		if err == nil {
			defer func() { _ = c.Close() }()
			return p.probeTopics(ctx, t, c)
		}
		// What may pass counts more: another broker may be right tomorrow.
		if failed == nil || lasting(failed) && !lasting(err) {
			failed = err
		}
	}
	return failed
}

// contact connects to a broker, and authenticates.
func contact(ctx context.Context, t *kafkago.Transport, addr string) (_ *protocol.Conn, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if t.TLS != nil {
		config := t.TLS.Clone()
		config.ServerName = host
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			if closed(err) || errors.Is(err, context.DeadlineExceeded) {
				err = &saidError{addr + ": no answer to the TLS handshake (a port without TLS gives none)", err}
			}
			return nil, of(addr, err)
		}
		conn = secure
	}
	c := protocol.NewConn(conn, t.ClientID)
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	m, err := c.RoundTrip(new(apiversions.Request))
	if err != nil {
		if closed(err) && t.TLS == nil {
			err = &saidError{addr + " closes connections without TLS: set tls to true, or use a broker of version 0.11 or newer", err}
		}
		return nil, of(addr, err)
	}
	answer := m.(*apiversions.Response)
	if answer.ErrorCode != 0 {
		return nil, of(addr, kafkago.Error(answer.ErrorCode))
	}
	versions := make(map[protocol.ApiKey]int16)
	newest := make(map[protocol.ApiKey]int16)
	for _, r := range answer.ApiKeys {
		key := protocol.ApiKey(r.ApiKey)
		versions[key], newest[key] = key.SelectVersion(r.MinVersion, r.MaxVersion), r.MaxVersion
	}
	if newest[protocol.Produce] < 3 { // the first version with batches in version 2
		return nil, of(addr, errOldBroker)
	}
	c.SetVersions(versions)
	if t.SASL != nil {
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		if err := authenticate(sasl.WithMetadata(ctx, &sasl.Metadata{Host: host, Port: n}), c, t.SASL); err != nil {
			return nil, of(addr, err)
		}
	}
	return c, nil
}

// of returns err with the address of the broker that it is about.
func of(addr string, err error) error {
	text := explain(err)
	if !strings.HasPrefix(text, addr) {
		text = addr + ": " + text
	}
	return &saidError{text, err}
}

// closed reports whether err means that the broker has closed the connection.
func closed(err error) bool {
	return explain(err) == explain(io.EOF)
}

// authenticate does what the SASL mechanism wants.
func authenticate(ctx context.Context, c *protocol.Conn, mechanism sasl.Mechanism) error {
	m, err := c.RoundTrip(&saslhandshake.Request{Mechanism: mechanism.Name()})
	if err != nil {
		return err
	}
	hello := m.(*saslhandshake.Response)
	if code := kafkago.Error(hello.ErrorCode); code != 0 {
		if code == kafkago.UnsupportedSASLMechanism {
			text := fmt.Sprintf("the broker does not offer SASL %s, but %s", mechanism.Name(), strings.Join(hello.Mechanisms, ", "))
			return &saidError{text, code}
		}
		return code
	}
	session, state, err := mechanism.Start(ctx)
	if err != nil {
		return err
	}
	for done := false; !done; {
		m, err := c.RoundTrip(&saslauthenticate.Request{AuthBytes: state})
		if err != nil {
			if closed(err) { // so a broker may refuse without an answer
				return kafkago.SASLAuthenticationFailed
			}
			return err
		}
		answer := m.(*saslauthenticate.Response)
		if answer.ErrorCode != 0 {
			return kafkago.Error(answer.ErrorCode)
		}
		if done, state, err = session.Next(ctx, answer.AuthBytes); err != nil {
			return &saidError{explain(kafkago.SASLAuthenticationFailed) + ": " + err.Error(), kafkago.SASLAuthenticationFailed}
		}
	}
	return nil
}

// probeTopics asks for the topics, and whether those that are missing may be created.
func (p *Place) probeTopics(ctx context.Context, t *kafkago.Transport, c *protocol.Conn) error {
	if len(p.topics) == 0 {
		return nil
	}
	var names []string
	for _, t := range p.topics {
		names = append(names, t.name)
	}
	m, err := c.RoundTrip(&metadata.Request{TopicNames: names, IncludeTopicAuthorizedOperations: true})
	if err != nil {
		if closed(err) && t.SASL == nil {
			err = &saidError{c.RemoteAddr().String() + " closes connections without authentication: set sasl, sasl_user and sasl_password_file", kafkago.SASLAuthenticationFailed}
		}
		return err
	}
	answer := m.(*metadata.Response)
	for _, b := range answer.Brokers {
		p.told = append(p.told, uint16(b.Port))
	}
	var denied, missing, odd []string
	for i := range answer.Topics {
		found := &answer.Topics[i]
		switch code := kafkago.Error(found.ErrorCode); {
		case code == kafkago.TopicAuthorizationFailed:
			denied = append(denied, found.Name)
		case code == kafkago.UnknownTopicOrPartition:
			missing = append(missing, found.Name)
		case code == kafkago.InvalidTopic:
			odd = append(odd, found.Name)
		case code == 0 && found.TopicAuthorizedOperations > 0 && found.TopicAuthorizedOperations&writeRight == 0:
			denied = append(denied, found.Name)
		}
	}
	who := "this client"
	if p.config.SASL != saslNone {
		who = "the user " + p.config.User
	}
	switch {
	case len(denied) > 0:
		return &saidError{
			fmt.Sprintf("%s has no right to write to %s: grant Write and Describe, and Create for topics that do not exist yet, or take the log out of the output", who, topicList(denied)),
			kafkago.TopicAuthorizationFailed,
		}
	case len(odd) > 0:
		return &saidError{topicList(odd) + ": " + explain(kafkago.InvalidTopic), kafkago.InvalidTopic}
	case len(missing) == 0:
		return nil
	case !p.config.CreateTopics:
		return &saidError{
			fmt.Sprintf("%s, and no_create_topics is set: create %s, or take the log out of the output", absent(missing), them(missing)),
			kafkago.InvalidTopic,
		}
	}
	return p.probeCreation(ctx, t, c, answer, who, missing)
}

// probeCreation asks whether topics may be created, without creating them.
func (p *Place) probeCreation(ctx context.Context, t *kafkago.Transport, c *protocol.Conn, cluster *metadata.Response, who string, missing []string) error {
	i := slices.IndexFunc(cluster.Brokers, func(b metadata.ResponseBroker) bool { return b.NodeID == cluster.ControllerID })
	if i >= 0 && len(cluster.Brokers) > 1 {
		b := cluster.Brokers[i]
		controller, err := contact(ctx, t, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
		if err != nil {
			return nil // the topics are created later, or are not
		}
		defer func() { _ = controller.Close() }()
		c = controller
	}
	req := &createtopics.Request{TimeoutMs: int32(probeTime.Milliseconds()), ValidateOnly: true}
	for _, name := range missing {
		req.Topics = append(req.Topics, p.config.newTopic(name))
	}
	m, err := c.RoundTrip(req)
	if err != nil {
		return nil // a broker may not know the request, and create topics all the same
	}
	var forbidden []string
	var texts []string
	var cause error
	for _, r := range m.(*createtopics.Response).Topics {
		switch code := kafkago.Error(r.ErrorCode); {
		case code == kafkago.TopicAuthorizationFailed || code == kafkago.ClusterAuthorizationFailed:
			forbidden = append(forbidden, r.Name)
		case lasting(code):
			text := fmt.Sprintf("topic %s cannot be created: %s", r.Name, explain(code))
			if r.ErrorMessage != "" {
				text += fmt.Sprintf(" (the broker says: %q)", r.ErrorMessage)
			}
			texts, cause = append(texts, text), code
		}
	}
	if len(forbidden) > 0 {
		text := fmt.Sprintf("%s, and %s has no right to create %s: create %[3]s, grant Create, or take the log out of the output", absent(forbidden), who, them(forbidden))
		texts, cause = append(texts, text), kafkago.TopicAuthorizationFailed
	}
	if cause == nil {
		return nil
	}
	return &saidError{strings.Join(texts, "; "), cause}
}

// topicList names topics.
func topicList(names []string) string {
	slices.Sort(names)
	if len(names) == 1 {
		return "topic " + names[0]
	}
	return "topics " + strings.Join(names, ", ")
}

// absent says that topics do not exist.
func absent(names []string) string {
	if len(names) == 1 {
		return "there is no " + topicList(names)
	}
	return "there are no " + topicList(names)
}

// them stands for topics.
func them(names []string) string {
	if len(names) == 1 {
		return "it"
	}
	return "them"
}

// newTopic is what is asked for to create a topic.
func (c *Config) newTopic(name string) createtopics.RequestTopic {
	t := createtopics.RequestTopic{Name: name, NumPartitions: -1, ReplicationFactor: -1}
	if c.Partitions > 0 {
		t.NumPartitions = int32(c.Partitions)
	}
	if c.Replication > 0 {
		t.ReplicationFactor = int16(c.Replication)
	}
	if c.Retention > 0 {
		t.Configs = append(t.Configs, createtopics.RequestConfig{Name: "retention.ms", Value: strconv.FormatInt(c.Retention.Milliseconds(), 10)})
	}
	if c.RetentionBytes > 0 {
		t.Configs = append(t.Configs, createtopics.RequestConfig{Name: "retention.bytes", Value: strconv.Itoa(c.RetentionBytes)})
	}
	return t
}
