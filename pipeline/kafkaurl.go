package pipeline

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"strings"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/internal/option"
)

// kafkaScheme begins the URL of a cluster:
//
//	kafka://USER@HOST:PORT,HOST:PORT/TOPIC?KEY=VALUE&KEY
//
// USER, TOPIC and everything after it may be missing. KEY is one of the keys of outputs of
// type kafka; without a value it is true.
const kafkaScheme = "kafka://"

// kafkaPort is the port of a broker whose address in a URL has none.
const kafkaPort = "9092"

// fromURL sets what a URL says. Text that is none changes nothing.
func (s *KafkaSettings) fromURL(text string) error {
	rest, ok := strings.CutPrefix(text, kafkaScheme)
	if !ok {
		if scheme, _, ok := strings.Cut(text, "://"); ok {
			return fmt.Errorf("want %sHOST:PORT, got the scheme %q", kafkaScheme, scheme)
		}
		return nil
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, topic, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user := hosts[:i]
		hosts = hosts[i+1:]
		if strings.Contains(user, ":") {
			return errors.New("a password in a URL can be read by others: put it into a file, and name that by sasl_password_file=FILE")
		}
		var err error
		if s.SASLUser, err = url.PathUnescape(user); err != nil {
			return err
		}
	}
	s.Brokers = nil
	for host := range strings.SplitSeq(hosts, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), kafkaPort)
		}
		s.Brokers = append(s.Brokers, host)
	}
	if hosts == "" {
		return fmt.Errorf("want %sHOST:PORT, got %q", kafkaScheme, text)
	}
	if topic != "" {
		var err error
		if s.Topic, err = url.PathUnescape(topic); err != nil {
			return err
		}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	keys := option.Keys(reflect.TypeFor[KafkaSettings]())
	var known []string
	for _, k := range keys {
		known = append(known, k.Name)
	}
	for name, given := range values {
		k := option.Find(keys, name)
		if k == nil || name == "brokers" {
			return fmt.Errorf("%s: outputs of type kafka have no such key%s", name, nearest.Hint(name, known))
		}
		value := given[len(given)-1]
		if value == "" && k.Field(s).Kind() == reflect.Bool {
			value = "true"
		}
		if err := k.Set(s, value, true); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
