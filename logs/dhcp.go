package logs

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/linked"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// dhcp takes notes of messages for dhcp.log. A transaction has flows between several pairs
// of hosts, which different shards may see, so that a dhcpJoiner makes the rows.
//
// Zeek looks for finished transactions once in dhcpPoll. dhcp takes notes of these moments
// too, which are the same on every shard.
type dhcp struct {
	out   schemas.Emitter
	now   func() value.Time
	cause func(deadline value.Time, num uint64)
	timer *Timer
	start value.Time // of the run
	next  value.Time // deadline of the next poll
	// polls is how many polls still need a note.
	polls int
	rec   schemas.DHCP
	note  []byte
	uid   []byte
}

const (
	// dhcpPoll is Zeek's table_expire_interval.
	dhcpPoll = 10 * value.Second
	// dhcpPolls is the number of polls within which a transaction without messages is
	// finished.
	dhcpPolls = 5
)

func installDHCP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &dhcp{out: out, now: o.Now, cause: o.Cause}
	b.timer = o.NewTimer(b.poll)
	b.timer.Set(b.next)
	h.DHCP.Message.Listen(b.message)
}

func (b *dhcp) poll(now value.Time, clock Clock) {
	for b.next <= now {
		at, num := clock.At(b.next)
		if b.start == 0 {
			b.start = at
		}
		if b.polls > 0 {
			b.polls--
			b.cause(b.next, num)
			b.emit(binary.BigEndian.AppendUint64(append(b.note[:0], dhcpNotePoll), uint64(at)))
		}
		b.next = at + dhcpPoll
	}
	b.timer.Set(b.next)
}

func (b *dhcp) emit(note []byte) {
	b.note = note
	b.out.EmitGated(&b.rec, schemas.Gate{Kind: schemas.GateJoin, Key: text(note)})
}

// The first byte of a note: that of a poll, or flags of a message. Unset parts of a message
// are in the note with no bytes.
const (
	dhcpNotePoll = 0
	dhcpMessage  = 1 << (iota - 1)
	dhcpClient   // the message is a client's
	dhcpClientID // its hardware address is from the client's identifier
	dhcpLease
	dhcpText  // the message has a text
	dhcpName  // it has the name of a client
	dhcpFQDN  // or its full name
	dhcpGiven // it asks for an address or gives one
)

// Ports of clients and servers.
const (
	dhcpClientPort = 68
	dhcpServerPort = 67
)

// hardwareEthernet is the hardware type of Ethernet (RFC 1700).
const hardwareEthernet = 1

// message takes a note of what a row has of a message, after the roles that Zeek's script
// gives to the sides.
func (b *dhcp) message(e *event.DHCPMessage) {
	b.polls = dhcpPolls
	id, uid, o := e.Conn.ID(), e.Conn.UID(), &e.Options
	ts := b.now()
	kind := byte(dhcpMessage)
	var host, given netip.Addr
	var name, fqdn value.Opt[[]byte]
	mac := e.Msg.CHAddr
	if e.IsOrig && (id.OrigH == netip.IPv4Unspecified() || id.OrigP == dhcpClientPort || id.RespP == dhcpServerPort) {
		kind |= dhcpClient
		if id.OrigH != netip.IPv4Unspecified() && id.OrigH != dhcpBroadcast {
			host = id.OrigH
		}
		name = o.HostName
		fqdn = value.Opt[[]byte]{V: o.ClientFQDN.V.DomainName, OK: o.ClientFQDN.OK}
		if o.ClientID.OK && o.ClientID.V.HWType == hardwareEthernet {
			kind, mac = kind|dhcpClientID, o.ClientID.V.HWAddr
		}
		if o.AddrRequest.OK {
			given = o.AddrRequest.V
		}
	} else {
		if e.Msg.YIAddr != netip.IPv4Unspecified() {
			given, host = e.Msg.YIAddr, id.RespH
			if e.IsOrig {
				host = id.OrigH
			}
		}
		name = o.DomainName
		if o.Lease.OK {
			kind |= dhcpLease
		}
	}
	for _, f := range []struct {
		ok   bool
		flag byte
	}{{o.Message.OK, dhcpText}, {name.OK, dhcpName}, {fqdn.OK, dhcpFQDN}, {given.IsValid(), dhcpGiven}} {
		if f.ok {
			kind |= f.flag
		}
	}
	b.uid = uid.Append(b.uid[:0])
	n := append(b.note[:0], kind)
	n = binary.BigEndian.AppendUint64(n, uint64(ts))
	n = binary.BigEndian.AppendUint64(n, uint64(ts-b.start))
	n = binary.BigEndian.AppendUint64(n, e.Msg.XID)
	n = append(n, byte(e.Msg.MType))
	n = binary.BigEndian.AppendUint32(n, uint32(o.Lease.V))
	n = appendNoted(n, b.uid)
	n = appendNoted(n, host.AsSlice())
	n = appendNoted(n, given.AsSlice())
	n = appendNoted(n, mac)
	n = appendNoted(n, o.Message.V)
	n = appendNoted(n, name.V)
	n = appendNoted(n, fqdn.V)
	b.emit(n)
}

var dhcpBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// appendNoted appends b with its length. No part of a message is longer.
func appendNoted(dst, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(b))), b...)
}

// noted cuts the next part off a note.
func noted(note *[]byte) []byte {
	n := 2 + int(binary.BigEndian.Uint16(*note))
	b := (*note)[2:n:n]
	*note = (*note)[n:]
	return b
}

// dhcpJoiner builds dhcp.log after Zeek's base/protocols/dhcp from the notes of all shards:
// a row a transaction.
type dhcpJoiner struct {
	limits       Limits
	transactions map[uint64]*dhcpTransaction
	byAge        linked.List[dhcpTransaction]
	free         []*dhcpTransaction
	polled       value.Time // time of the last poll
	// early counts transactions that were written because there were too many.
	early uint64
	rec   schemas.DHCP
	out   schemas.Emitter
	emit  func(schemas.Record)
}

// A dhcpTransaction is the state of the messages with one identifier. Its buffers are
// reused.
type dhcpTransaction struct {
	xid uint64
	age linked.Node[dhcpTransaction]

	ts, last value.Time
	start    value.Time // of the run
	// looked is when Zeek last had reason to keep the transaction, in whole seconds from
	// start.
	looked int64

	uids, types                     []string
	client, server, asked, given    netip.Addr
	mac, chaddr, name, fqdn, domain optText
	clientText, serverText          optText
	lease                           value.Opt[value.Interval]
}

func newDHCPJoiner(l Limits) *dhcpJoiner {
	j := &dhcpJoiner{limits: l, transactions: make(map[uint64]*dhcpTransaction)}
	j.out = newLimiter(dhcpRows{j: j}, new(event.Hooks), l)
	return j
}

// dhcpRows passes the rows of a joiner to the merge stage.
type dhcpRows struct {
	schemas.Emitter
	j *dhcpJoiner
}

// Emit passes a row on.
func (r dhcpRows) Emit(rec schemas.Record) { r.j.emit(rec) }

// Join takes a note.
func (j *dhcpJoiner) Join(note []byte, emit func(schemas.Record)) {
	j.emit = emit
	kind, at := note[0], value.Time(binary.BigEndian.Uint64(note[1:]))
	if kind == dhcpNotePoll {
		if at != j.polled { // by another shard
			j.polled = at
			j.poll(at)
		}
		return
	}
	sinceStart := value.Time(binary.BigEndian.Uint64(note[9:]))
	xid := binary.BigEndian.Uint64(note[17:])
	t := j.transactions[xid]
	if t == nil {
		t = j.begin(xid, at, at-sinceStart)
	}
	t.add(kind, at, note[25:])
	if len(t.uids) >= j.limits.DHCPUIDs || len(t.types) >= j.limits.DHCPTypes {
		j.write(t)
		j.remove(t)
	}
}

// End writes the transactions that are left.
func (j *dhcpJoiner) End(emit func(schemas.Record)) {
	j.emit = emit
	for t := j.byAge.Oldest(); t != nil; t = j.byAge.Oldest() {
		j.finish(t)
	}
}

// Limited counts the transactions that were written early.
func (j *dhcpJoiner) Limited() (name string, n uint64) { return "transactions", j.early }

// begin begins a transaction.
func (j *dhcpJoiner) begin(xid uint64, now, start value.Time) *dhcpTransaction {
	if most := j.limits.DHCPTransactions; most > 0 && len(j.transactions) >= most {
		j.early++
		j.finish(j.byAge.Oldest())
	}
	var t *dhcpTransaction
	if n := len(j.free); n > 0 {
		t = j.free[n-1]
		j.free = j.free[:n-1]
	} else {
		t = new(dhcpTransaction)
	}
	t.xid, t.ts, t.last, t.start = xid, now, now, start
	t.looked = int64((now - start) / value.Second)
	j.byAge.Add(&t.age, t)
	j.transactions[xid] = t
	return t
}

// maxFreeDHCP bounds the transactions that are kept for reuse.
const maxFreeDHCP = 1024

// remove forgets a transaction.
func (j *dhcpJoiner) remove(t *dhcpTransaction) {
	j.byAge.Remove(&t.age)
	delete(j.transactions, t.xid)
	if len(j.free) >= maxFreeDHCP {
		return
	}
	old := *t
	clear(old.uids)
	*t = dhcpTransaction{uids: old.uids[:0], types: old.types[:0]}
	t.mac.b, t.chaddr.b, t.name.b, t.fqdn.b, t.domain.b = old.mac.b, old.chaddr.b, old.name.b, old.fqdn.b, old.domain.b
	t.clientText.b, t.serverText.b = old.clientText.b, old.serverText.b
	j.free = append(j.free, t)
}

const (
	// dhcpWait is the time after the beginning of a transaction at which Zeek looks
	// whether it is finished (&create_expire), and dhcpRecheck that after each look.
	dhcpWait    = 10 * value.Second
	dhcpRecheck = 5 * value.Second
	// A transaction is finished after dhcpSilence without messages, or after
	// dhcpWatch (DHCP::max_txid_watch_time).
	dhcpSilence = 5 * value.Second
	dhcpWatch   = 30 * value.Second
)

// poll finishes transactions.
func (j *dhcpJoiner) poll(now value.Time) {
	for t := range j.byAge.All() {
		switch {
		case t.start+value.Time(t.looked)*value.Second+dhcpWait >= now:
		case now-t.last > dhcpSilence || now-t.ts > dhcpWatch:
			j.finish(t)
		default:
			t.looked = int64((now - dhcpWait + dhcpRecheck - t.start) / value.Second)
		}
	}
}

// add adds a message from its note, after the fields that Join has read.
func (t *dhcpTransaction) add(kind byte, now value.Time, note []byte) {
	typ, lease := note[0], binary.BigEndian.Uint32(note[1:])
	note = note[5:]
	uid, host, given := noted(&note), noted(&note), noted(&note)
	mac, message, name, fqdn := noted(&note), noted(&note), noted(&note), noted(&note)
	t.last = now
	t.addUID(uid)
	t.types = append(t.types, dhcpType(typ))
	isClient := kind&dhcpClient != 0
	if kind&dhcpText != 0 {
		if isClient {
			t.clientText.set(message)
		} else {
			t.serverText.set(message)
		}
	}
	if isClient {
		if len(host) > 0 {
			t.client, _ = netip.AddrFromSlice(host)
		}
		if kind&dhcpName != 0 {
			t.name.set(name)
		}
		if kind&dhcpFQDN != 0 {
			t.fqdn.set(fqdn)
		}
		if kind&dhcpClientID != 0 {
			t.mac.set(mac)
		} else {
			t.chaddr.set(mac)
		}
		if kind&dhcpGiven != 0 {
			t.asked, _ = netip.AddrFromSlice(given)
		}
		return
	}
	if kind&dhcpGiven != 0 {
		t.server, _ = netip.AddrFromSlice(host)
		t.given, _ = netip.AddrFromSlice(given)
	}
	if len(mac) > 0 && !t.mac.ok {
		t.mac.set(mac)
	}
	if !t.client.IsValid() {
		t.client = t.given
	}
	if kind&dhcpName != 0 {
		t.domain.set(name)
	}
	if kind&dhcpLease != 0 {
		t.lease = value.Some(value.Interval(lease))
	}
}

func (t *dhcpTransaction) addUID(uid []byte) {
	for _, u := range t.uids {
		if u == string(uid) {
			return
		}
	}
	t.uids = append(t.uids, string(uid))
}

// finish writes a transaction and forgets it.
func (j *dhcpJoiner) finish(t *dhcpTransaction) {
	if !t.mac.ok && t.chaddr.ok {
		t.mac.set(t.chaddr.b)
	}
	j.write(t)
	j.remove(t)
}

func (j *dhcpJoiner) write(t *dhcpTransaction) {
	addr := func(a netip.Addr) value.Opt[netip.Addr] { return value.Opt[netip.Addr]{V: a, OK: a.IsValid()} }
	j.rec = schemas.DHCP{
		TS: t.ts, UIDs: t.uids, ClientAddr: addr(t.client), ServerAddr: addr(t.server), MAC: t.mac.column(),
		HostName: t.name.column(), ClientFQDN: t.fqdn.column(), Domain: t.domain.column(),
		RequestedAddr: addr(t.asked), AssignedAddr: addr(t.given), LeaseTime: t.lease,
		ClientMessage: t.clientText.column(), ServerMessage: t.serverText.column(),
		MsgTypes: t.types, Duration: value.Interval((t.last - t.ts).Seconds()),
	}
	j.out.Emit(&j.rec)
}

// dhcpTypes are Zeek's names of message types (IANA bootp-dhcp-parameters), from 1 on.
var dhcpTypes = [...]string{
	"DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM", "FORCERENEW",
	"LEASEQUERY", "LEASEUNASSIGNED", "LEASEUNKNOWN", "LEASEACTIVE", "BULKLEASEQUERY", "LEASEQUERYDONE",
	"ACTIVELEASEQUERY", "LEASEQUERYSTATUS", "TLS",
}

func dhcpType(n byte) string {
	if i := int(n) - 1; i >= 0 && i < len(dhcpTypes) {
		return dhcpTypes[i]
	}
	return "unknown-message-type-" + strconv.Itoa(int(n))
}
