package cases

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// logsOf reads a capture with packets of any checksum and the named behaviour.
func logsOf(t *testing.T, compat string, elem ...string) map[string][]row {
	t.Helper()
	logs, _ := read(t, func(o *pipeline.Options) {
		o.Compat, o.Dissect.Packet.IgnoreChecksums = compat, true
	}, input(t, elem...))
	return logs
}

// expect compares a column of a log.
func expect(t *testing.T, logs map[string][]row, log, name string, want ...string) {
	t.Helper()
	if got := column(logs[log], name); !slices.Equal(got, want) {
		t.Errorf("%s.%s is %q, want %q", log, name, got, want)
	}
}

// TestHTTPViolationAtTheEnd has a line without an end that is not a status line, with
// either side's FIN first.
func TestHTTPViolationAtTheEnd(t *testing.T) {
	for _, f := range []string{"a.pcap", "b.pcap", "c.pcap"} {
		t.Run(f, func(t *testing.T) {
			logs := logsOf(t, "none", "zeek-01-http-partial-reply-line", f)
			expect(t, logs, "conn", "service", "-")
			expect(t, logs, "analyzer", "failure_reason", "not a http reply line")
		})
	}
}

func TestGzipHeaderChecksum(t *testing.T) {
	logs := logsOf(t, "none", "zeek-04-gzip-header-crc", "bad.pcap")
	expect(t, logs, "http", "response_body_len", "0")
	expect(t, logs, "weird", "name", "inflate_failed")
	expect(t, logs, "files", "fuid")
	logs = logsOf(t, "none", "zeek-04-gzip-header-crc", "good.pcap")
	expect(t, logs, "http", "response_body_len", "17")
	expect(t, logs, "weird", "name")
}

func TestMultipartWithoutLineEnd(t *testing.T) {
	logs := logsOf(t, "none", "zeek-11-multipart-without-line-end", "m.pcap")
	expect(t, logs, "http", "request_body_len", "78")
	expect(t, logs, "weird", "name")
}

func TestHTTPQuery(t *testing.T) {
	for compat, weird := range map[string][]string{"none": nil, "zeek-8.2": {"unknown_HTTP_method"}} {
		logs := logsOf(t, compat, "59-http-query-method", "in.pcap")
		expect(t, logs, "http", "method", "QUERY")
		expect(t, logs, "weird", "name", weird...)
	}
}

func TestSSHKexGroups(t *testing.T) {
	for _, f := range []string{"in.pcap", "group16.pcap"} {
		logs := logsOf(t, "none", "46-ssh-kex-group18", f)
		expect(t, logs, "conn", "service", "ssh")
		expect(t, logs, "weird", "name")
		for _, r := range logs["ssh"] {
			if r["host_key"] == "-" || strings.Contains(logs["conn"][0]["history"], "X") {
				t.Errorf("%s: %v, history %s", f, r, logs["conn"][0]["history"])
			}
		}
	}
	logs := logsOf(t, "zeek-8.2", "46-ssh-kex-group18", "in.pcap")
	expect(t, logs, "conn", "service", "-")

	// A method of tomorrow in the place of group18's.
	b, err := os.ReadFile(input(t, "46-ssh-kex-group18", "in.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "in.pcap")
	b = []byte(strings.ReplaceAll(string(b), "diffie-hellman-group18-sha512", "diffie-hellman-group99-sha999"))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	logs, _ = read(t, func(o *pipeline.Options) { o.Dissect.Packet.IgnoreChecksums = true }, name)
	expect(t, logs, "conn", "service", "ssh")
	expect(t, logs, "weird", "name", "ssh_unknown_kex_algorithm")
}

// events returns the JSON lines of the named events.
func events(t *testing.T, only string, elem ...string) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events")
	read(t, func(o *pipeline.Options) {
		o.Dissect.Packet.IgnoreChecksums = true
		o.EventsFile, o.EventNames = name, []string{only}
	}, input(t, elem...))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func TestEventsAsZeek(t *testing.T) {
	for _, c := range []struct {
		only string
		elem []string
		want []string // in each event
		not  string
	}{
		{"irc_message", []string{"zeek-08-irc-nul", "nul.pcap"}, []string{`"command":""`, `"message":"bar"`}, "baz"},
		{"connection_*", []string{"zeek-09-reset-after-fin", "finrst.pcap"}, []string{"connection_timeout"}, "connection_reset"},
		{"udp_request", []string{"zeek-10-dns-flip-udp-event", "flip.pcap"}, []string{`"10.0.0.2"`}, ""},
	} {
		got := events(t, c.only, c.elem...)
		all := strings.Join(got, "\n")
		for _, w := range c.want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: no %s in\n%s", c.only, w, all)
			}
		}
		if c.not != "" && strings.Contains(all, c.not) {
			t.Errorf("%s: %s in\n%s", c.only, c.not, all)
		}
	}
}
