package dissect

import (
	"slices"
	"strings"
	"sync"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/proto/bittorrent"
	"github.com/wirelog/wirelog/dissect/proto/body"
	"github.com/wirelog/wirelog/dissect/proto/dcerpc"
	"github.com/wirelog/wirelog/dissect/proto/dhcp"
	"github.com/wirelog/wirelog/dissect/proto/dnp3"
	"github.com/wirelog/wirelog/dissect/proto/dns"
	"github.com/wirelog/wirelog/dissect/proto/finger"
	"github.com/wirelog/wirelog/dissect/proto/ftp"
	"github.com/wirelog/wirelog/dissect/proto/gnutella"
	"github.com/wirelog/wirelog/dissect/proto/gssapi"
	"github.com/wirelog/wirelog/dissect/proto/http"
	"github.com/wirelog/wirelog/dissect/proto/http2"
	"github.com/wirelog/wirelog/dissect/proto/ident"
	"github.com/wirelog/wirelog/dissect/proto/ike"
	"github.com/wirelog/wirelog/dissect/proto/imap"
	"github.com/wirelog/wirelog/dissect/proto/irc"
	"github.com/wirelog/wirelog/dissect/proto/krb"
	"github.com/wirelog/wirelog/dissect/proto/ldap"
	"github.com/wirelog/wirelog/dissect/proto/login"
	"github.com/wirelog/wirelog/dissect/proto/mail"
	"github.com/wirelog/wirelog/dissect/proto/modbus"
	"github.com/wirelog/wirelog/dissect/proto/mqtt"
	"github.com/wirelog/wirelog/dissect/proto/mysql"
	"github.com/wirelog/wirelog/dissect/proto/ncp"
	"github.com/wirelog/wirelog/dissect/proto/netbios"
	"github.com/wirelog/wirelog/dissect/proto/ntlm"
	"github.com/wirelog/wirelog/dissect/proto/ntp"
	"github.com/wirelog/wirelog/dissect/proto/oncrpc"
	"github.com/wirelog/wirelog/dissect/proto/openvpn"
	"github.com/wirelog/wirelog/dissect/proto/pop3"
	"github.com/wirelog/wirelog/dissect/proto/postgresql"
	"github.com/wirelog/wirelog/dissect/proto/quic"
	"github.com/wirelog/wirelog/dissect/proto/radius"
	"github.com/wirelog/wirelog/dissect/proto/rdp"
	"github.com/wirelog/wirelog/dissect/proto/redis"
	"github.com/wirelog/wirelog/dissect/proto/rfb"
	"github.com/wirelog/wirelog/dissect/proto/sip"
	"github.com/wirelog/wirelog/dissect/proto/smb"
	"github.com/wirelog/wirelog/dissect/proto/smtp"
	"github.com/wirelog/wirelog/dissect/proto/snmp"
	"github.com/wirelog/wirelog/dissect/proto/socks"
	"github.com/wirelog/wirelog/dissect/proto/ssh"
	"github.com/wirelog/wirelog/dissect/proto/stun"
	"github.com/wirelog/wirelog/dissect/proto/syslog"
	"github.com/wirelog/wirelog/dissect/proto/tftp"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/dissect/proto/watch"
	"github.com/wirelog/wirelog/dissect/proto/websocket"
	"github.com/wirelog/wirelog/dissect/proto/wireguard"
	"github.com/wirelog/wirelog/dissect/proto/xmpp"
	"github.com/wirelog/wirelog/internal/choose"
	"github.com/wirelog/wirelog/value"
)

// onRequest names the protocols that Options.Analyzers must ask for, by AnalyzerNames; all
// others are attached by default.
var onRequest = []string{"backdoor", "bittorrent", "bittorrenttracker", "gnutella", "ident", "interconn", "mount", "ncp", "netbiosssn", "nfs", "portmapper", "rlogin", "rsh", "sip_tcp", "steppingstone", "syslog_tcp", "telnet"}

// beyondZeek has the protocols that a Zeek does not know, by AnalyzerNames, with the effect
// that leaves them out.
var beyondZeek = func() map[string]compat.Effect {
	m := map[string]compat.Effect{
		"http2": compat.HTTP2, "sip_tcp": compat.SIPTCP, "syslog_tcp": compat.SyslogTCP,
		"ldap_tcp": compat.NoSpicy, "ldap_udp": compat.NoSpicy, "postgresql": compat.NoSpicy, "quic": compat.NoSpicy, "redis": compat.NoSpicy,
	}
	packages := []string{
		"spicy_ipsec_ike_udp", "spicy_ipsec_tcp", "spicy_ipsec_udp", "spicy_stun", "spicy_stun_tcp", "spicy_tailscale", "spicy_tftp", "spicy_wireguard",
	}
	for _, name := range append(packages, openvpn.Names()...) {
		m[name] = compat.PackageProtocols
	}
	return m
}()

// AnalyzerNames lists the analyzers of application protocols by Zeek's names, in
// lower case.
func AnalyzerNames() []string { return slices.Clone(analyzerNames()) }

var analyzerNames = sync.OnceValue(func() (names []string) {
	for _, p := range protocols(new(event.Hooks), nil, new(Options)) {
		names = append(names, strings.ToLower(p.Name))
	}
	slices.Sort(names)
	return slices.Compact(names)
})

// defaultAnalyzers lists the analyzers that an empty Options.Analyzers chooses.
func defaultAnalyzers() []string {
	return slices.DeleteFunc(AnalyzerNames(), func(n string) bool { return slices.Contains(onRequest, n) })
}

// PickAnalyzers returns the analyzers that list chooses, as package choose has it.
func PickAnalyzers(list []string) ([]string, error) {
	n := choose.Names{What: "analyzer", All: AnalyzerNames(), Default: defaultAnalyzers(), Several: variants}
	return n.Pick(list)
}

// Watchers returns the analyzers of removed releases of Zeek whose events somebody listens
// to. Listening is asking for them, except by a stream of all events.
func Watchers(h *event.Hooks) (names []string) {
	if h.BackDoor.On() {
		names = append(names, "backdoor")
	}
	if h.InterConn.On() {
		names = append(names, "interconn")
	}
	if h.SteppingStone.On() {
		names = append(names, "steppingstone")
	}
	return names
}

// variants returns the analyzers that a common name of a protocol stands for.
func variants(name string) ([]string, error) {
	switch name {
	case "tls":
		return []string{"ssl", "dtls"}, nil
	case "ldap":
		return []string{"ldap_tcp", "ldap_udp"}, nil
	case "kerberos":
		return []string{"krb", "krb_tcp"}, nil
	case "tftp":
		return []string{"spicy_tftp"}, nil
	case "openvpn":
		return openvpn.Names(), nil
	case "stun":
		return []string{"spicy_stun", "spicy_stun_tcp"}, nil
	case "wireguard":
		return []string{"spicy_wireguard", "spicy_tailscale"}, nil
	case "ipsec":
		return []string{"spicy_ipsec_ike_udp", "spicy_ipsec_udp", "spicy_ipsec_tcp"}, nil
	case "dcerpc":
		return []string{"dce_rpc"}, nil
	}
	return nil, nil
}

// chosen returns the protocols that list chooses and that follow allows, and those of more.
func chosen(all []*detect.Protocol, list, more []string, follow compat.Set) ([]*detect.Protocol, error) {
	names, err := PickAnalyzers(list)
	if err != nil {
		return nil, err
	}
	names = append(names, more...)
	return slices.DeleteFunc(all, func(p *detect.Protocol) bool {
		name := strings.ToLower(p.Name)
		effect, beyond := beyondZeek[name]
		p.Unused = !slices.Contains(names, name) || beyond && follow.Has(effect)
		return p.Unused
	}), nil
}

// protocols returns the protocols of one shard; their files go to fm. A new
// protocol is added here and nowhere else.
func protocols(hooks *event.Hooks, fm *files.Manager, o *Options) []*detect.Protocol {
	lines := &contentline.Budget{Limit: o.Lines.Bytes}
	o.FTP.Lines, o.POP3.Lines, o.SIP.Lines, o.SMTP.Lines = lines, lines, lines, lines
	certs := x509.NewSender(fm)
	ssl, dtls := tls.New(hooks, certs, o.TLS)
	rdpTCP, rdpUDP := rdp.New(hooks, certs, &ssl.Protocol)
	krbUDP, krbTCP := krb.New(hooks, certs, o.KRB)
	security := dcerpc.Security{NTLM: ntlm.New(hooks)}
	security.GSSAPI = gssapi.New(hooks, security.NTLM, &krbUDP.Protocol)
	ldapTCP, ldapUDP := ldap.New(hooks, ldap.Inner{TLS: &ssl.Protocol, GSSAPI: security.GSSAPI, NTLM: security.NTLM}, ldap.Options{Compat: o.Conn.Compat})
	rpc, pipes := dcerpc.New(hooks, security, o.DCERPC)
	dnp3TCP, dnp3UDP := dnp3.New(hooks, o.DNP3)
	o.Login.Lines, o.Login.Compat = lines, o.Conn.Compat
	telnet, rlogin, rsh := login.New(hooks, o.Login)
	o.NetBIOS.Compat, o.QUIC.Compat = o.Conn.Compat, o.Conn.Compat
	session, datagrams := netbios.New(hooks, o.NetBIOS)
	portmapper, mount, nfs := oncrpc.New(hooks, o.RPC)
	peers, trackers := bittorrent.New(hooks, o.BitTorrent)
	o.HTTP.Lines, o.HTTP.MIME, o.HTTP.Compat, o.Mail.MIME = lines, o.MIME, o.Conn.Compat, o.MIME
	o.HTTP.Inflaters = body.New(o.HTTP.Excess)
	o.HTTP2.Inflaters, o.HTTP2.Piece, o.HTTP2.URI, o.HTTP2.SkipData = o.HTTP.Inflaters, o.HTTP.Piece, o.HTTP.URI, o.HTTP.SkipData
	web2 := http2.New(hooks, fm, o.HTTP2)
	web := http.New(hooks, fm, http.Successors{WebSocket: websocket.New(hooks), HTTP2: web2}, o.HTTP)
	mails := mail.New(hooks, fm, o.Mail)
	stunUDP, stunTCP := stun.New(hooks, o.STUN)
	wireGuard, tailscale := wireguard.New(hooks)
	ikeAlone, ikeESP, ikeTCP := ike.New(hooks, o.IKE)
	list := []*detect.Protocol{
		dns.New(hooks, value.ProtoUDP, o.DNS),
		dns.New(hooks, value.ProtoTCP, o.DNS),
		finger.New(hooks),
		ident.New(hooks),
		telnet,
		rlogin,
		rsh,
		ftp.New(hooks, fm, &ssl.Protocol, o.FTP),
		irc.New(hooks, fm, &ssl.Protocol, o.IRC),
		xmpp.New(hooks, &ssl.Protocol),
		mysql.New(hooks, &ssl.Protocol),
		postgresql.New(hooks, &ssl.Protocol, postgresql.Options{Compat: o.Conn.Compat}),
		ldapTCP,
		ldapUDP,
		rdpTCP,
		rdpUDP,
		web,
		web2.Protocol,
		smb.New(hooks, fm, smb.Inner{Pipes: pipes, GSSAPI: security.GSSAPI, NTLM: security.NTLM, NetBIOS: &session.Protocol}, o.SMB),
		smtp.New(hooks, mails, &ssl.Protocol, o.SMTP),
		pop3.New(hooks, mails, &ssl.Protocol, o.POP3),
		imap.New(hooks, &ssl.Protocol),
		krbUDP,
		krbTCP,
		modbus.New(hooks),
		dnp3TCP,
		dnp3UDP,
		sip.New(hooks, o.SIP),
		sip.NewTCP(hooks, fm, o.SIP),
		redis.New(hooks, o.Redis),
		mqtt.New(hooks, o.MQTT),
		tftp.New(hooks, o.TFTP),
		rfb.New(hooks),
		socks.New(hooks),
		ssh.New(hooks, o.SSH),
		syslog.New(hooks),
		syslog.NewTCP(hooks, o.Syslog),
		ntp.New(hooks, o.NTP),
		snmp.New(hooks),
		radius.New(hooks),
		dhcp.New(hooks),
		ssl,
		dtls,
		quic.New(hooks, &ssl.Protocol, o.QUIC),
		rpc,
		peers,
		trackers,
		gnutella.New(hooks, web, o.Gnutella),
		ncp.New(hooks, o.NCP),
		session,
		datagrams,
		portmapper[0],
		portmapper[1],
		mount[0],
		mount[1],
		nfs[0],
		nfs[1],
		stunUDP,
		stunTCP,
		wireGuard,
		tailscale,
		ikeAlone,
		ikeESP,
		ikeTCP,
		watch.NewBackDoor(hooks, o.Watch),
		watch.NewInterConn(hooks, o.Watch),
		watch.NewSteppingStone(o.Watch),
	}
	return append(list, openvpn.New(hooks, &ssl.Protocol)...)
}
