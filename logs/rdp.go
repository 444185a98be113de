package logs

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// rdpInterval is how long an RDP connection is watched (RDP::rdp_check_interval); later
// events do not change its row.
const rdpInterval value.Time = 10e9

// rdp builds rdp.log after Zeek's base/protocols/rdp: a row a connection, when it ends.
type rdp struct {
	states[rdpState]
	out schemas.Emitter
	now func() value.Time

	uidBuf []byte
}

// An rdpState is the row of a connection, whose lists keep their memory.
type rdpState struct {
	rec    schemas.RDP
	logged bool
}

// rdpNames are the names of the values of a code.
type rdpNames struct {
	names map[uint64]string
	other string // prefix of a number without a name
}

func (n *rdpNames) name(x uint64) value.Opt[string] {
	if s, ok := n.names[x]; ok {
		return value.Some(s)
	}
	return value.Some(n.other + strconv.FormatUint(x, 10))
}

// The names of codes (MS-RDPBCGR section 2.2.1), as Zeek's base/protocols/rdp spells them.
var (
	rdpBuilds = rdpNames{map[uint64]string{
		419: "RDP 4.0", 2195: "RDP 5.0", 2221: "RDP 5.0", 2600: "RDP 5.1", 3790: "RDP 5.2", 6000: "RDP 6.0", 6001: "RDP 6.1",
		6002: "RDP 6.2", 7600: "RDP 7.0", 7601: "RDP 7.1", 9200: "RDP 8.0", 9600: "RDP 8.1",
		25189: "RDP 8.0 (Mac)", 25282: "RDP 8.0 (Mac)",
	}, "client_build-"}
	rdpProtocols = rdpNames{map[uint64]string{0: "RDP", 1: "SSL", 2: "HYBRID", 8: "HYBRID_EX"}, "security_protocol-"}
	rdpFailures  = rdpNames{map[uint64]string{
		1: "SSL_REQUIRED_BY_SERVER", 2: "SSL_NOT_ALLOWED_BY_SERVER", 3: "SSL_CERT_NOT_ON_SERVER", 4: "INCONSISTENT_FLAGS",
		5: "HYBRID_REQUIRED_BY_SERVER", 6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
	}, "failure_code-"}
	rdpResults = rdpNames{map[uint64]string{
		0: "Success", 1: "User rejected", 2: "Resources not available", 3: "Rejected for symmetry breaking", 4: "Locked conference",
	}, "result-"}
	rdpCertTypes = rdpNames{map[uint64]string{rdpCertRSA: "RSA", 2: "X.509"}, "cert_type-"}
	rdpMethods   = rdpNames{map[uint64]string{0: "None", 1: "40bit", 2: "128bit", 8: "56bit", 10: "FIPS"}, "encryption_method-"}
	rdpLevels    = rdpNames{map[uint64]string{0: "None", 1: "Low", 2: "Client compatible", 3: "High", 4: "FIPS"}, "encryption_level-"}
	rdpDepths    = rdpNames{map[uint64]string{4: "4bit", 8: "8bit", 15: "15bit", 16: "16bit", 24: "24bit"}, "high_color_depth-"}
)

const rdpCertRSA = 1

// rdpKeyboard returns the name of a layout, or of the language in its lower half.
func rdpKeyboard(n uint64) string {
	if s, ok := rdpKeyboards[n]; ok {
		return s
	}
	number := strconv.FormatUint(n, 10)
	if s, ok := rdpKeyboards[n&0xffff]; ok {
		return s + " (Best Guess for " + number + ")"
	}
	return "keyboard-" + number
}

func installRDP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &rdp{out: out, now: o.Now}
	b.init(h, b.ended)
	h.RDP.ConnectRequest.Listen(func(e *event.RDPConnectRequest) {
		b.state(e.Conn).Cookie = value.Some(string(e.Cookie))
	})
	h.RDP.NegotiationResponse.Listen(func(e *event.RDPNegotiationResponse) {
		b.state(e.Conn).SecurityProtocol = rdpProtocols.name(e.SecurityProtocol)
	})
	h.RDP.NegotiationFailure.Listen(func(e *event.RDPNegotiationFailure) {
		b.state(e.Conn).Result = rdpFailures.name(e.FailureCode)
	})
	h.RDP.ClientCoreData.Listen(b.core)
	h.RDP.ClientNetworkData.Listen(func(e *event.RDPClientNetworkData) {
		r := b.state(e.Conn)
		for i := range e.Channels {
			name := string(bytes.TrimRight(e.Channels[i].Name, "\x00"))
			if i < len(r.ClientChannels) {
				r.ClientChannels[i] = name
			} else {
				r.ClientChannels = append(r.ClientChannels, name)
			}
		}
	})
	h.RDP.GCCServerCreateResponse.Listen(func(e *event.RDPGCCServerCreateResponse) {
		b.state(e.Conn).Result = rdpResults.name(e.Result)
	})
	h.RDP.ServerSecurity.Listen(func(e *event.RDPServerSecurity) {
		r := b.state(e.Conn)
		r.EncryptionMethod, r.EncryptionLevel = rdpMethods.name(e.EncryptionMethod), rdpLevels.name(e.EncryptionLevel)
	})
	h.RDP.ServerCertificate.Listen(func(e *event.RDPServerCertificate) {
		r := b.state(e.Conn)
		r.CertType, r.CertPermanent = rdpCertTypes.name(e.CertType), value.Some(e.PermanentlyIssued)
		if e.CertType == rdpCertRSA {
			r.CertCount++
		}
	})
	h.RDP.BeginEncryption.Listen(func(e *event.RDPBeginEncryption) {
		r := b.state(e.Conn)
		if !r.Result.OK {
			r.Result = value.Some("encrypted")
		}
		r.SecurityProtocol = rdpProtocols.name(e.SecurityProtocol)
	})
	h.File.OverNewConnection.Listen(func(e *event.FileOverNewConnection) {
		if s := b.known(e.Conn); s != nil && e.File.Source() == "RDP" {
			b.state(e.Conn).CertCount++
		}
	})
	h.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		if e.AType != "Analyzer::ANALYZER_RDP" {
			return
		}
		if s := b.known(e.Conn); s != nil {
			b.write(e.Conn, s)
		}
	})
}

// state returns the row of a connection for an event. It writes the row first if its time is
// over.
func (b *rdp) state(c event.Conn) *schemas.RDP {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = rdpState{rec: schemas.RDP{TS: b.now()}}
	}
	if b.now()-s.rec.TS > rdpInterval {
		b.write(c, s)
	}
	return &s.rec
}

func (b *rdp) core(e *event.RDPClientCoreData) {
	r, d := b.state(e.Conn), &e.Data
	r.KeyboardLayout = value.Some(rdpKeyboard(d.KeyboardLayout))
	r.ClientBuild = rdpBuilds.name(d.ClientBuild)
	r.ClientName, r.ClientDigProductID = value.Some(string(d.ClientName)), value.Some(string(d.DigProductID))
	r.DesktopWidth, r.DesktopHeight = value.Some(d.DesktopWidth), value.Some(d.DesktopHeight)
	r.RequestedColorDepth = rdpDepths.name(d.HighColorDepth)
	if d.ECFlags.Want32bppSession {
		r.RequestedColorDepth = value.Some("32bit")
	}
}

func (b *rdp) ended(c event.Conn, s *rdpState) {
	b.write(c, s)
}

// write writes the row once, if the client has sent anything.
func (b *rdp) write(c event.Conn, s *rdpState) {
	if s.logged {
		return
	}
	s.logged = true
	r := &s.rec
	if !r.Cookie.OK && !r.KeyboardLayout.OK && !r.Result.OK {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r.UID, r.ID = text(b.uidBuf), Endpoints(&id)
	b.out.Emit(r)
}
