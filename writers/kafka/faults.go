package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// errOldBroker means that a broker does not take batches in version 2 of the format.
var errOldBroker = errors.New("the broker is too old: 0.11 or newer is needed")

// A saidError has a message for users of this program in place of a library's.
type saidError struct {
	text string
	err  error
}

func (e *saidError) Error() string { return e.text }

func (e *saidError) Unwrap() error { return e.err }

// say returns err with the message that explain gives it.
func say(err error) error {
	var said *saidError
	if err == nil || errors.As(err, &said) {
		return err
	}
	return &saidError{explain(err), err}
}

// meanings are the error codes that users meet, in words that say what to do.
var meanings = map[kafkago.Error]string{
	kafkago.TopicAuthorizationFailed:     "the user has no right to write to the topic",
	kafkago.ClusterAuthorizationFailed:   "the user has no right to use the cluster",
	kafkago.SASLAuthenticationFailed:     "wrong user or password",
	kafkago.UnsupportedSASLMechanism:     "the broker does not offer this SASL mechanism",
	kafkago.IllegalSASLState:             "the broker does not expect authentication at this port: set sasl to none, or use another port",
	kafkago.UnsupportedVersion:           errOldBroker.Error(),
	kafkago.UnknownTopicOrPartition:      "the topic does not exist",
	kafkago.InvalidTopic:                 "the broker does not allow this name of a topic",
	kafkago.LeaderNotAvailable:           "a partition has no leader",
	kafkago.NotLeaderForPartition:        "the leader of a partition has changed",
	kafkago.RequestTimedOut:              "the broker did not get the replicas' acknowledgements in time",
	kafkago.NotEnoughReplicas:            "too few replicas are in sync",
	kafkago.NotEnoughReplicasAfterAppend: "too few replicas are in sync",
	kafkago.BrokerNotAvailable:           "the broker that leads the partition is not available",
	kafkago.PolicyViolation:              "a policy of the cluster forbids it",
	kafkago.InvalidPartitionNumber:       "the number of partitions is not allowed: see topic_partitions",
	kafkago.InvalidReplicationFactor:     "the replication factor is not possible: see topic_replication",
	kafkago.InvalidConfiguration:         "the options of the topic are not allowed: see topic_retention and topic_retention_bytes",
	invalidRecord:                        "the broker finds records invalid",
}

// explain describes err without the names of libraries.
func explain(err error) string {
	var said *saidError
	var code kafkago.Error
	var topic *protocol.TopicError
	var partition *protocol.TopicPartitionError
	var dns *net.DNSError
	var op *net.OpError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &said):
		return said.text
	case errors.As(err, &code):
		text := meanings[code]
		if text == "" {
			text = fmt.Sprintf("%s (code %d)", strings.ToLower(code.Title()), int(code))
		}
		if _, said, ok := strings.Cut(err.Error(), code.Error()+": "); ok && said != "" {
			text += fmt.Sprintf(" (the broker says: %q)", said)
		}
		return text
	case errors.As(err, &partition):
		return "a partition of the topic has no leader"
	case errors.As(err, &topic):
		return meanings[kafkago.UnknownTopicOrPartition]
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return "there is no host " + dns.Name
		}
		return fmt.Sprintf("host %s: %s", dns.Name, dns.Err)
	case errors.As(err, &plain):
		return "the broker does not use TLS at this port: set tls to false, or use another port"
	case errors.Is(err, context.Canceled):
		return "the time to wait at the end of the run is over (stop_deadline)"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the broker closed the connection"
	case errors.As(err, &op):
		reason := op.Err
		for inner := errors.Unwrap(reason); inner != nil; inner = errors.Unwrap(reason) {
			reason = inner
		}
		if op.Op == "dial" && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)) {
			reason = errors.New("connecting is not permitted: if the program is confined, sandbox.ports adds the port")
		}
		if op.Addr != nil {
			return op.Addr.String() + ": " + reason.Error()
		}
		return reason.Error()
	}
	text := err.Error()
	for strings.HasPrefix(text, "kafka.(*") {
		_, text, _ = strings.Cut(text, ": ")
	}
	return text
}

// lasting reports whether err does not pass by itself: somebody must change a right, a
// password, a name or the broker.
func lasting(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var plain tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &plain), errors.As(err, &alert):
		return true
	}
	return errors.Is(err, errOldBroker) || isOneOf(err,
		kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed, kafkago.SASLAuthenticationFailed,
		kafkago.UnsupportedSASLMechanism, kafkago.IllegalSASLState, kafkago.UnsupportedVersion, kafkago.InvalidTopic,
		kafkago.PolicyViolation, kafkago.InvalidPartitionNumber, kafkago.InvalidReplicationFactor, kafkago.InvalidConfiguration)
}

// ofTopic reports whether err is a broker's answer about one topic, so that others are
// not concerned.
func ofTopic(err error) bool {
	var code kafkago.Error
	var topic *protocol.TopicError
	var partition *protocol.TopicPartitionError
	if errors.As(err, &topic) || errors.As(err, &partition) {
		return true
	}
	return errors.As(err, &code) && !isOneOf(err,
		kafkago.ClusterAuthorizationFailed, kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism,
		kafkago.IllegalSASLState, kafkago.UnsupportedVersion, kafkago.BrokerNotAvailable, kafkago.NetworkException)
}

func isOneOf(err error, codes ...kafkago.Error) bool {
	for _, c := range codes {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}
