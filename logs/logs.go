// Package logs builds the records of the logs from events. A builder listens to
// the events of its log, keeps its state on the connection or file where it can, and
// emits a record when a row is complete. Builders see no packets and know nothing of
// formats.
//
// Install registers the builders of one shard on its hooks. A program adds a log of its own
// with a [Builder] and a schema of [schemas.Of]; the example shows both.
// A log of this package has its builder in a file of its own and a line in the table
// builders.
package logs

import (
	"bytes"
	"cmp"
	"math"
	"net/netip"
	"slices"
	"unsafe"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Options are what builders know of the run. A builder gets them in its Install and does
// not modify them.
type Options struct {
	// Now returns the network time: that of the current packet or timer.
	Now func() value.Time
	// Clock returns the run's clock, which Now is ahead of while the clock does not follow
	// a packet's jump. What expires reckons with it. Nil stands for Now.
	Clock func() value.Time
	// Cause, if not nil, is called before each record that a Timer emits, with the
	// deadline that has passed and the number of the packet that orders the record among
	// those of the same deadline. Builders may always call it.
	Cause func(deadline value.Time, num uint64)
	// LocalNets are the networks of the site (Zeek's Site::local_nets). Without
	// any, the columns that tell local from remote stay unset.
	LocalNets []netip.Prefix
	// Origin returns where the current packet is, for the columns of group source; nil
	// stands for nowhere.
	Origin func() schemas.Source
	// Groups are the groups of optional columns that at least one output takes.
	Groups schemas.Groups
	// Limits bound the size of a row.
	Limits Limits
	// LDAP has the options of ldap.log and ldap_search.log.
	LDAP LDAPOptions
	// Reports are the times of rows that no packet gives rise to.
	Reports Reports
	// Compat says where rows are Zeek's rather than wirelog's own.
	Compat compat.Set
	// RootCerts validate the certificates of servers; nil turns validation off.
	RootCerts *RootCerts
	// Peer is the name of the sensor (Zeek's peer_description); empty stands for "zeek".
	Peer string
	// Counters returns those of the shard; nil leaves out the logs that are made of them.
	Counters func() Counters
	// Shards is the number of shards, and Process returns what stats.log has of the process,
	// nil for nothing; for Joiners. Process is called by one goroutine at a time.
	Shards  int
	Process func() Process

	installed *Builders
	local     *networks // of LocalNets
}

// networks returns the networks of the site. Builders keep the pointer, because
// Builders.SetLocalNets changes what it points to.
func (o *Options) networks() *networks {
	if o.local == nil {
		o.local = newNetworks(o.LocalNets)
	}
	return o.local
}

// peerName is Zeek's default of peer_description.
const peerName = "zeek"

// has reports whether the optional columns of g are wanted.
func (o *Options) has(g schemas.Groups) bool { return o.Groups&g != 0 }

// A Builder makes the rows of one log or of several that are about the same events.
type Builder struct {
	// Schemas are the logs. The builder is installed if at least one of them is wanted.
	Schemas []*schemas.Schema
	// Install registers the builder's listeners on h for one shard. It is called once a
	// shard, and what it makes belongs to the shard: nothing in it needs a lock. The
	// builder emits its records to out, and asks out.On which of several logs are wanted;
	// state of connections and files goes to slots of h. o is valid as long as the shard.
	Install func(h *event.Hooks, out schemas.Emitter, o *Options)
}

// builders are the builders of this package in the order in which they hear of an event.
var builders = []Builder{
	// DNS has the first slot of a connection, the smallest one, because no other log has
	// state on so many connections.
	{logsOf(&schemas.DNSSchema), installDNS},
	{logsOf(&schemas.ConnSchema, &schemas.ConnLongSchema, &schemas.OpenConnSchema), installConn},
	{logsOf(&schemas.TunnelSchema), installTunnel},
	// HTTP reports the connections that proxies carry to the tunnels.
	{logsOf(&schemas.HTTPSchema, &schemas.WebSocketSchema, &schemas.TunnelSchema), installHTTP},
	{logsOf(&schemas.FilesSchema), installFiles},
	{logsOf(&schemas.PESchema), installPE},
	{logsOf(&schemas.FTPSchema), installFTP},
	{logsOf(&schemas.IRCSchema), installIRC},
	{logsOf(&schemas.SSLSchema), installSSL},
	{logsOf(&schemas.QUICSchema), installQUIC},
	{logsOf(&schemas.X509Schema), installX509},
	{logsOf(&schemas.OCSPSchema), installOCSP},
	{logsOf(&schemas.WeirdSchema), installWeird},
	{logsOf(&schemas.AnalyzerSchema), installAnalyzer},
	{logsOf(&schemas.KerberosSchema), installKerberos},
	{logsOf(&schemas.ModbusSchema), installModbus},
	{logsOf(&schemas.KnownModbusSchema), installKnownModbus},
	{logsOf(&schemas.ModbusRegisterChangeSchema), installModbusRegisterChange},
	{logsOf(&schemas.DNP3Schema), installDNP3},
	{logsOf(&schemas.SIPSchema), installSIP},
	{logsOf(&schemas.RFBSchema), installRFB},
	{logsOf(&schemas.SOCKSSchema), installSOCKS},
	{logsOf(&schemas.SSHSchema), installSSH},
	{logsOf(&schemas.SMBFilesSchema, &schemas.SMBMappingSchema, &schemas.SMBCmdSchema), installSMB},
	{logsOf(&schemas.RDPSchema), installRDP},
	{logsOf(&schemas.DCERPCSchema), installDCERPC},
	{logsOf(&schemas.NTLMSchema), installNTLM},
	{logsOf(&schemas.SMTPSchema), installSMTP},
	{logsOf(&schemas.MySQLSchema), installMySQL},
	{logsOf(&schemas.PostgreSQLSchema), installPostgreSQL},
	{logsOf(&schemas.LDAPSchema, &schemas.LDAPSearchSchema), installLDAP},
	{logsOf(&schemas.RedisSchema), installRedis},
	{logsOf(&schemas.MQTTConnectSchema, &schemas.MQTTPublishSchema, &schemas.MQTTSubscribeSchema), installMQTT},
	{logsOf(&schemas.TFTPSchema), installTFTP},
	{logsOf(&schemas.SyslogSchema), installSyslog},
	{logsOf(&schemas.NTPSchema), installNTP},
	{logsOf(&schemas.SNMPSchema), installSNMP},
	{logsOf(&schemas.RADIUSSchema), installRADIUS},
	{logsOf(&schemas.DHCPSchema), installDHCP},
	{logsOf(&schemas.STUNSchema, &schemas.STUNNATSchema), installSTUN},
	{logsOf(&schemas.WireGuardSchema), installWireGuard},
	{logsOf(&schemas.IPsecSchema), installIPsec},
	{logsOf(&schemas.CaptureLossSchema), installCaptureLoss},
	{logsOf(&schemas.StatsSchema), installStats},
}

func logsOf(list ...*schemas.Schema) []*schemas.Schema { return list }

// Joiners returns what makes the rows of logs whose builders only take notes of their
// events, by log. Its functions make them for one run.
func Joiners(o *Options) map[string]func() schemas.Joiner {
	return map[string]func() schemas.Joiner{
		schemas.DHCPSchema.Name:        func() schemas.Joiner { return newDHCPJoiner(o.Limits) },
		schemas.CaptureLossSchema.Name: func() schemas.Joiner { return newCaptureLossJoiner(o) },
		schemas.StatsSchema.Name:       func() schemas.Joiner { return newStatsJoiner(o) },
	}
}

// Builders are the builders of one shard.
type Builders struct {
	hooks *event.Hooks
	out   schemas.Emitter
	opt   *Options

	timers  []*Timer
	next    value.Time // no timer is due before
	tunnels *tunnels   // nil if nobody wants them
}

// Install registers the builders of this package on h, which is still being built, if out
// takes a log of theirs. The builders belong to the shard of h.
func Install(h *event.Hooks, out schemas.Emitter, o Options) *Builders {
	o.Peer = cmp.Or(o.Peer, peerName)
	if o.Cause == nil {
		o.Cause = func(value.Time, uint64) {}
	}
	if o.Clock == nil {
		o.Clock = o.Now
	}
	b := &Builders{hooks: h, out: newFlows(newLimiter(out, h, o.Limits), h, &o), opt: &o, next: never}
	o.installed = b
	b.Add(builders...)
	return b
}

// SetLocalNets replaces Options.LocalNets for rows that are built from now on.
func (b *Builders) SetLocalNets(nets []netip.Prefix) {
	b.opt.LocalNets = nets
	*b.opt.networks() = *newNetworks(nets)
}

// Add registers builders of other logs, as Install does with those of this package.
func (b *Builders) Add(list ...Builder) {
	for i := range list {
		if slices.ContainsFunc(list[i].Schemas, b.out.On) {
			list[i].Install(b.hooks, b.out, b.opt)
		}
	}
}

// A Clock says when something with deadline d happens: at the first packet of the run, on
// whichever shard, whose clock has reached d. At returns that packet's clock and number.
type Clock interface {
	At(d value.Time) (now value.Time, num uint64)
}

// A Timer calls its builder when the network time reaches a deadline.
type Timer struct {
	of     *Builders
	at     value.Time
	expire func(now value.Time, clock Clock)
	// exact says that the timer must find connections as they are at its deadline; see
	// Builders.Exact. end, if not nil, is called at the end of the run.
	exact bool
	end   func(now value.Time)
}

// never is the deadline of a timer that is not set.
const never value.Time = math.MaxInt64

// NewTimer returns a timer that is not set. Only Builder.Install may call it.
//
// At its deadline the timer calls expire with the network time, which may be later, and
// the clock that says when a deadline was reached. expire must call o.Cause before each
// record, which gives the record its place in the log, and set the timer again if there
// is another deadline. Each record must have been due by now.
func (o *Options) NewTimer(expire func(now value.Time, clock Clock)) *Timer {
	t := &Timer{of: o.installed, at: never, expire: expire}
	o.installed.timers = append(o.installed.timers, t)
	return t
}

// Set sets the deadline, replacing the previous one.
func (t *Timer) Set(deadline value.Time) {
	t.at = deadline
	t.of.next = min(t.of.next, deadline)
}

// Stop clears the deadline.
func (t *Timer) Stop() { t.at = never }

// Due reports whether Advance has something to do at now.
func (b *Builders) Due(now value.Time) bool { return b.next <= now && b.earliest() <= now }

// earliest returns the first deadline.
func (b *Builders) earliest() value.Time {
	b.next = never
	for _, t := range b.timers {
		b.next = min(b.next, t.at)
	}
	return b.next
}

// Exact returns the next deadline before which the timers of connections must not run ahead,
// math.MaxInt64 if there is none.
func (b *Builders) Exact() value.Time {
	d := never
	for _, t := range b.timers {
		if t.exact {
			d = min(d, t.at)
		}
	}
	return d
}

// Finish is called before the connections that are open at the end of the run are ended.
func (b *Builders) Finish(now value.Time) {
	for _, t := range b.timers {
		if t.end != nil {
			t.end(now)
		}
	}
}

// Advance writes the rows that are due by now, such as those of unused tunnels. When Due
// reports true, the caller must call it wherever it advances the timers of connections:
// before a packet and at the end of a batch.
func (b *Builders) Advance(now value.Time, clock Clock) {
	for _, t := range b.timers {
		if t.at <= now {
			t.Stop()
			t.expire(now, clock)
		}
	}
}

// text returns b as a string that shares its memory. The string is valid until b is
// modified; for a field of a record, b must keep until the record has been emitted.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// equalFold reports whether b is word, of ASCII letters, in any case.
func equalFold(b []byte, word string) bool {
	return len(b) == len(word) && bytes.EqualFold(b, []byte(word))
}

// Endpoints returns the column id of a connection.
func Endpoints(id *event.ConnID) schemas.ID {
	return schemas.ID{
		OrigH: id.OrigH, OrigP: schemas.Port(id.OrigP),
		RespH: id.RespH, RespP: schemas.Port(id.RespP),
	}
}
