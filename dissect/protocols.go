package dissect

import (
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/proto/dcerpc"
	"github.com/wirelog/wirelog/dissect/proto/dnp3"
	"github.com/wirelog/wirelog/dissect/proto/dns"
	"github.com/wirelog/wirelog/dissect/proto/ftp"
	"github.com/wirelog/wirelog/dissect/proto/gssapi"
	"github.com/wirelog/wirelog/dissect/proto/http"
	"github.com/wirelog/wirelog/dissect/proto/imap"
	"github.com/wirelog/wirelog/dissect/proto/irc"
	"github.com/wirelog/wirelog/dissect/proto/krb"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/modbus"
	"github.com/wirelog/wirelog/dissect/proto/mysql"
	"github.com/wirelog/wirelog/dissect/proto/ntlm"
	"github.com/wirelog/wirelog/dissect/proto/pop3"
	"github.com/wirelog/wirelog/dissect/proto/rdp"
	"github.com/wirelog/wirelog/dissect/proto/rfb"
	"github.com/wirelog/wirelog/dissect/proto/sip"
	"github.com/wirelog/wirelog/dissect/proto/smb"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/socks"
	"github.com/wirelog/wirelog/dissect/proto/ssh"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/dissect/proto/xmpp"
	"github.com/wirelog/wirelog/value"
)

// NoAnalyzers, as the only name in Options.Analyzers, means no analyzers.
const NoAnalyzers = "none"

// AnalyzerNames lists the analyzers of application protocols by Zeek's names, in
// lower case.
func AnalyzerNames() []string {
	var names []string
	for _, p := range protocols(new(event.Hooks), nil, new(Options)) {
		if name := strings.ToLower(p.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// chosen returns the protocols with one of the names, or all if there are no
// names.
func chosen(all []*detect.Protocol, names []string) []*detect.Protocol {
	if len(names) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(p *detect.Protocol) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, p.Name) })
	})
}

// protocols returns the protocols of one shard; their files go to fm. A new
// protocol is added here and nowhere else.
func protocols(hooks *event.Hooks, fm *files.Manager, o *Options) []*detect.Protocol {
	lines := &contentline.Budget{Limit: o.Lines.Bytes}
	o.FTP.Lines, o.POP3.Lines, o.SMTP.Lines = lines, lines, lines
	certs := x509.NewSender(fm)
	ssl, dtls := tls.New(hooks, certs, o.TLS)
	rdpTCP, rdpUDP := rdp.New(hooks, certs, &ssl.Protocol)
	krbUDP, krbTCP := krb.New(hooks, certs)
	security := dcerpc.Security{NTLM: ntlm.New(hooks)}
	security.GSSAPI = gssapi.New(hooks, security.NTLM, &krbUDP.Protocol)
	rpc, pipes := dcerpc.New(hooks, security, o.DCERPC)
	dnp3TCP, dnp3UDP := dnp3.New(hooks, o.DNP3)
	mails := mail.New(hooks, fm, o.MIME)
	return []*detect.Protocol{
		dns.New(hooks, value.ProtoUDP, o.DNS),
		dns.New(hooks, value.ProtoTCP, o.DNS),
		ftp.New(hooks, fm, &ssl.Protocol, o.FTP),
		irc.New(hooks, fm, &ssl.Protocol, o.IRC),
		xmpp.New(hooks, &ssl.Protocol),
		mysql.New(hooks, &ssl.Protocol),
		rdpTCP,
		rdpUDP,
		http.New(hooks, fm, websocket.New(hooks), http.Options{Lines: lines, MIME: o.MIME, Compat: o.Conn.Compat, Excess: o.HTTP.Excess}),
		smb.New(hooks, fm, smb.Inner{Pipes: pipes, GSSAPI: security.GSSAPI, NTLM: security.NTLM}, o.SMB),
		smtp.New(hooks, mails, &ssl.Protocol, o.SMTP),
		pop3.New(hooks, mails, &ssl.Protocol, o.POP3),
		imap.New(hooks, &ssl.Protocol),
		krbUDP,
		krbTCP,
		modbus.New(hooks),
		dnp3TCP,
		dnp3UDP,
		sip.New(hooks, o.SIP),
		rfb.New(hooks),
		socks.New(hooks),
		ssh.New(hooks, o.SSH),
		ssl,
		dtls,
		rpc,
	}
}
