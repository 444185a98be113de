package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

func TestMatchHostname(t *testing.T) {
	for _, c := range []struct {
		host, name string
		want       bool
	}{
		{"a.example.com", "a.example.com", true},
		{"a.example.com", "*.example.com", true},
		{"A.example.com", "a.example.com", false},
		{"a.b.example.com", "*.example.com", false},
		{"web1.example.com", "web*.example.com", true},
		{"eb1.example.com", "web*.example.com", false},
		{"a.example.com", "*a.example.com", false},
		{"a.example.com", "a.*.com", false},
		{"example.com", "*.com", false},
		{"localhost", "*.example.com", false},
		{"", "", true},
		{"we.example.com", "web*.example.com", false},
	} {
		if got := matchHostname(c.host, c.name); got != c.want {
			t.Errorf("matchHostname(%q, %q) = %v", c.host, c.name, got)
		}
	}
}

func TestCertNames(t *testing.T) {
	var n certNames
	n.certificate(&event.X509Certificate{Cert: event.X509CertificateRecord{CN: value.Some("cn.example.com")}})
	if !n.match("cn.example.com") {
		t.Error("the common name does not count without alternative names")
	}
	n.certificate(&event.X509Certificate{HasSAN: true, Cert: event.X509CertificateRecord{CN: value.Some("cn.example.com")}})
	n.alternatives(&event.X509ExtSubjectAlternativeName{Ext: event.X509SubjectAlternativeNameRecord{DNS: []string{"*.example.org"}}})
	if n.match("cn.example.com") || !n.match("a.example.org") {
		t.Error("the alternative names do not come before the common name")
	}
}
