package logs

import (
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// certNames are the host names of a certificate.
type certNames struct {
	hasSAN bool
	dns    []string // of the subject alternative name
	cn     value.Opt[string]
}

// certificate starts a new certificate; alternatives adds its alternative names.
func (n *certNames) certificate(e *event.X509Certificate) {
	n.hasSAN, n.cn = e.HasSAN, e.Cert.CN
	n.dns = n.dns[:0]
}

func (n *certNames) alternatives(e *event.X509ExtSubjectAlternativeName) {
	n.dns = append(n.dns, e.Ext.DNS...)
}

// match reports whether the certificate is for host, as Zeek's x509_check_cert_hostname
// does: by the alternative names if the extension is present, else by the last common name
// (RFC 2818 section 3.1).
func (n *certNames) match(host string) bool {
	if !n.hasSAN {
		return n.cn.OK && matchHostname(host, n.cn.V)
	}
	for _, name := range n.dns {
		if matchHostname(host, name) {
			return true
		}
	}
	return false
}

// matchHostname compares a name with one of a certificate as Zeek's x509_check_hostname
// does: a wildcard may end the leftmost of at least three labels (RFC 6125 section 6.4.3).
// Case is significant, as in Zeek.
func matchHostname(host, name string) bool {
	if host == name {
		return true
	}
	star, dot := strings.IndexByte(name, '*'), strings.IndexByte(name, '.')
	if star < 0 || star+1 != dot || strings.IndexByte(name[dot+1:], '.') < 0 {
		return false
	}
	at := strings.IndexByte(host, '.')
	return at >= 0 && host[at:] == name[dot:] && strings.HasPrefix(host, name[:star])
}
