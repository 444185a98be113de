// Package logs builds the records of the logs from events. A builder listens to
// the events of its log, keeps what it needs, on the connection where it can, and
// emits a record when there is a row to write. Builders see no packets and know
// nothing of formats.
//
// To add a log: write a builder in a file of its own, and add a line to Install.
package logs

import (
	"net/netip"
	"unsafe"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
)

// Options are what builders have to know of the run.
type Options struct {
	// Now returns the network time, which is that of the packet or timer at work.
	Now func() value.Time
	// Cause, if not nil, is called before a record that Builders.Advance emits,
	// with the deadline that has passed and the number of the packet that stands
	// for it in the order of records.
	Cause func(deadline value.Time, num uint64)
	// LocalNets are the networks of the site (Zeek's Site::local_nets). Without
	// any, the columns that tell local from remote stay unset.
	LocalNets []netip.Prefix
	// Groups are the optional columns that somebody takes.
	Groups schemas.Groups
	// Limits bound what a row holds.
	Limits Limits
	// RootCerts are what the certificates of servers are validated against; nil for none.
	RootCerts *RootCerts
	// Peer is the name of the sensor (Zeek's peer_description); empty stands for "zeek".
	Peer string
}

// Builders are the builders of one shard.
type Builders struct {
	tunnels *tunnels
}

// Install registers a builder for each log that out takes on h, which is still
// being built. The builders belong to the shard of h.
func Install(h *event.Hooks, out schemas.Emitter, o Options) *Builders {
	if o.Peer == "" {
		o.Peer = "zeek"
	}
	out = newLimiter(out, h, o.Limits)
	b := new(Builders)
	// DNS comes first: the first slot of a connection is the smallest, and nothing else
	// has state on as many connections.
	if out.On(new(schemas.DNS).Schema()) {
		installDNS(h, out, &o)
	}
	if out.On(new(schemas.Conn).Schema()) {
		installConn(h, out, &o)
	}
	if out.On(new(schemas.Tunnel).Schema()) {
		b.tunnels = installTunnel(h, out, &o)
	}
	if b.tunnels != nil || out.On(new(schemas.HTTP).Schema()) || out.On(new(schemas.WebSocket).Schema()) {
		installHTTP(h, out, &o, b.tunnels)
	}
	if out.On(new(schemas.Files).Schema()) {
		installFiles(h, out, &o)
	}
	if out.On(new(schemas.PE).Schema()) {
		installPE(h, out)
	}
	if out.On(new(schemas.FTP).Schema()) {
		installFTP(h, out)
	}
	if out.On(new(schemas.IRC).Schema()) {
		installIRC(h, out, &o)
	}
	if out.On(new(schemas.SSL).Schema()) {
		installSSL(h, out, &o)
	}
	if out.On(new(schemas.X509).Schema()) {
		installX509(h, out)
	}
	if out.On(new(schemas.OCSP).Schema()) {
		installOCSP(h, out)
	}
	if out.On(new(schemas.Weird).Schema()) {
		installWeird(h, out, &o)
	}
	if out.On(new(schemas.Analyzer).Schema()) {
		installAnalyzer(h, out, &o)
	}
	if out.On(new(schemas.Kerberos).Schema()) {
		installKerberos(h, out, &o)
	}
	if out.On(new(schemas.Modbus).Schema()) {
		installModbus(h, out, &o)
	}
	if out.On(new(schemas.KnownModbus).Schema()) {
		installKnownModbus(h, out, &o)
	}
	if out.On(new(schemas.ModbusRegisterChange).Schema()) {
		installModbusRegisterChange(h, out, &o)
	}
	if out.On(new(schemas.SOCKS).Schema()) {
		installSOCKS(h, out, &o)
	}
	if out.On(new(schemas.SSH).Schema()) {
		installSSH(h, out, &o)
	}
	installSMB(h, out, &o)
	if out.On(new(schemas.RDP).Schema()) {
		installRDP(h, out, &o)
	}
	if out.On(new(schemas.DCERPC).Schema()) {
		installDCERPC(h, out, &o)
	}
	if out.On(new(schemas.NTLM).Schema()) {
		installNTLM(h, out, &o)
	}
	if out.On(new(schemas.SMTP).Schema()) {
		installSMTP(h, out, &o)
	}
	if out.On(new(schemas.MySQL).Schema()) {
		installMySQL(h, out, &o)
	}
	return b
}

// A Clock tells when something with deadline d happens: at the first packet of
// the run, on whichever shard, whose clock has reached d. At returns that packet's
// clock and number.
type Clock interface {
	At(d value.Time) (now value.Time, num uint64)
}

// Due reports whether Advance has something to do at now.
func (b *Builders) Due(now value.Time) bool { return b.tunnels != nil && b.tunnels.due(now) }

// Advance writes the rows of what has expired by now, such as tunnels that are
// no longer used. If Due says so, it is to be called wherever the timers of
// connections are advanced: before a packet and at the end of a batch.
func (b *Builders) Advance(now value.Time, clock Clock) { b.tunnels.expire(now, clock) }

// text is b as a string that is valid as long as b is not changed, which for
// the fields of a record has to be until it has been emitted.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// endpoints is the id column of a connection.
func endpoints(id *event.ConnID) schemas.ID {
	return schemas.ID{
		OrigH: id.OrigH, OrigP: schemas.Port(id.OrigP),
		RespH: id.RespH, RespP: schemas.Port(id.RespP),
	}
}
