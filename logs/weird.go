package logs

import (
	"net/netip"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// weirds builds weird.log after Zeek's base/frameworks/notice/weird.
//
// Repeated weirds are suppressed: those of the same endpoints here, those that may involve
// other hosts by a gate, since only the merge stage sees the records of all shards. The
// engine has already sampled the weirds of connections and host pairs.
type weirds struct {
	out schemas.Emitter
	now func() value.Time
	// clock is for what repeats.
	clock func() value.Time
	peer  string
	// repeats is Zeek's weird_ignore, daily its did_log and did_notice.
	repeats recent[weirdKey]
	daily   recent[weirdKey]

	rec     schemas.Weird
	uidBuf  []byte
	addlBuf []byte
	keyBuf  []byte
}

// weirdKey is a weird of certain endpoints.
type weirdKey struct {
	name         string
	orig, resp   netip.Addr
	origP, respP uint16
	domain       uint64 // of the hosts
	flow         bool   // of two hosts, without ports
}

const (
	weirdRepeats = value.Time(600e9)   // create_expire of Zeek's weird_ignore
	weirdDaily   = value.Time(86400e9) // create_expire of Zeek's did_log and did_notice
	// maxWeirdKeys bounds the keys of each of the two in a shard.
	maxWeirdKeys = 1 << 16
)

// weirdAction is how a weird is logged (Zeek's Weird::Action).
type weirdAction uint8

const (
	weirdLog           weirdAction = iota // a row, unless it repeats
	weirdIgnore                           // no row
	weirdLogPerConn                       // one row a day for the same endpoints
	weirdLogPerOrig                       // one row a day for an originator
	weirdNoticePerOrig                    // the same; Zeek raises a notice too
)

// weirdActions has the weirds whose action is not weirdLog.
var weirdActions = map[string]weirdAction{
	"FIN_after_reset":          weirdIgnore,
	"spontaneous_FIN":          weirdIgnore,
	"spontaneous_RST":          weirdIgnore,
	"unsolicited_SYN_response": weirdIgnore,

	"FTP_arg_too_long":                            weirdLogPerConn,
	"FTP_max_command_length_exceeded":             weirdLogPerConn,
	"FTP_password_too_long":                       weirdLogPerConn,
	"FTP_reply_msg_too_long":                      weirdLogPerConn,
	"FTP_too_many_pending_commands":               weirdLogPerConn,
	"FTP_user_too_long":                           weirdLogPerConn,
	"simultaneous_open":                           weirdLogPerConn,
	"smb_tree_connect_andx_response_without_tree": weirdLogPerConn,
	"smtp_excessive_invalid_mail_transactions":    weirdLogPerConn,
	"smtp_mail_transaction_invalid":               weirdLogPerConn,

	"DNS_label_forward_compress_offset": weirdLogPerOrig,
	"DNS_label_len_gt_name_len":         weirdLogPerOrig,
	"DNS_label_len_gt_pkt":              weirdLogPerOrig,
	"DNS_label_too_long":                weirdLogPerOrig,
	"SSH_max_packet_length_exceeded":    weirdLogPerOrig,
	"SSH_max_string_length_exceeded":    weirdLogPerOrig,
	"SYN_with_data":                     weirdLogPerOrig,
	"UDP_datagram_length_mismatch":      weirdLogPerOrig,
	"bad_ICMP_checksum":                 weirdLogPerOrig,
	"bad_IP_checksum":                   weirdLogPerOrig,
	"bad_RPC":                           weirdLogPerOrig,
	"bad_TCP_checksum":                  weirdLogPerOrig,
	"bad_UDP_checksum":                  weirdLogPerOrig,
	"connection_originator_SYN_ack":     weirdLogPerOrig,
	"excess_RPC":                        weirdLogPerOrig,
	"excessively_small_fragment":        weirdLogPerOrig,
	"fragment_inconsistency":            weirdLogPerOrig,
	"fragment_overlap":                  weirdLogPerOrig,
	"fragment_size_inconsistency":       weirdLogPerOrig,
	"originator_RPC_reply":              weirdLogPerOrig,
	"partial_RPC":                       weirdLogPerOrig,
	"responder_RPC_call":                weirdLogPerOrig,

	"FIN_storm":         weirdNoticePerOrig,
	"SYN_after_partial": weirdNoticePerOrig,
	"successful_RPC_reply_to_invalid_request": weirdNoticePerOrig,
}

func installWeird(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &weirds{
		out: out, now: o.Now, clock: o.Clock, peer: o.Peer,
		repeats: newRecent[weirdKey](weirdRepeats, maxWeirdKeys),
		daily:   newRecent[weirdKey](weirdDaily, maxWeirdKeys),
	}
	h.Weird.Conn.Listen(b.conn)
	h.Weird.ExpiredConn.Listen(b.expiredConn)
	h.Weird.Flow.Listen(b.flow)
	h.Weird.Net.Listen(b.net)
	h.Weird.File.Listen(b.file)
}

func (b *weirds) conn(e *event.ConnWeird) {
	if a := weirdActions[e.Name]; a != weirdIgnore {
		id, uid := e.Conn.ID(), e.Conn.UID()
		b.ofConn(a, e.Name, &id, &uid, uint64(e.Conn.Domain()), e.Addl, e.Source)
	}
}

func (b *weirds) expiredConn(e *event.ExpiredConnWeird) {
	if a := weirdActions[e.Name]; a != weirdIgnore {
		b.ofConn(a, e.Name, &e.ID, &e.UID, e.Domain, e.Addl, e.Source)
	}
}

func (b *weirds) ofConn(a weirdAction, name string, id *event.ConnID, uid *value.UID, domain uint64, addl []byte, source string) {
	key := weirdKey{name: name, domain: domain, orig: id.OrigH, resp: id.RespH, origP: id.OrigP, respP: id.RespP}
	if !b.wanted(a, &key) {
		return
	}
	b.fill(a, name, addl, source)
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec.UID = value.Some(text(b.uidBuf))
	b.rec.ID = value.Some(Endpoints(id))
	b.emit(a, id.OrigH)
}

func (b *weirds) flow(e *event.FlowWeird) {
	a := weirdActions[e.Name]
	key := weirdKey{name: e.Name, orig: e.Src, resp: e.Dst, domain: e.Domain, flow: true}
	if a == weirdIgnore || !b.wanted(a, &key) {
		return
	}
	b.fill(a, e.Name, e.Addl, e.Source)
	b.rec.ID = value.Some(schemas.ID{OrigH: e.Src, RespH: e.Dst})
	b.emit(a, e.Src)
}

// wanted reports whether a weird is not a repetition. Weirds that are logged once a day for
// an originator are left to a gate, which suppresses more than repeats does.
func (b *weirds) wanted(a weirdAction, key *weirdKey) bool {
	switch a {
	case weirdLog:
		return b.repeats.first(*key, b.clock())
	case weirdLogPerConn:
		return b.daily.first(*key, b.clock())
	default:
		return true
	}
}

func (b *weirds) emit(a weirdAction, orig netip.Addr) {
	if a != weirdLogPerOrig && a != weirdNoticePerOrig {
		b.out.Emit(&b.rec)
		return
	}
	addr := orig.As16()
	b.keyBuf = append(append(b.keyBuf[:0], b.rec.Name...), 0)
	b.keyBuf = append(b.keyBuf, addr[:]...)
	b.out.EmitGated(&b.rec, schemas.Gate{Kind: schemas.GateDaily, Key: text(b.keyBuf)})
}

func (b *weirds) net(e *event.NetWeird) {
	a := weirdActions[e.Name]
	if a == weirdIgnore {
		return
	}
	b.fill(a, e.Name, e.Addl, e.Source)
	b.emitWithoutHosts(a, schemas.GateSample)
}

// file puts the identifier of the file before the details.
func (b *weirds) file(e *event.FileWeird) {
	a := weirdActions[e.Name]
	if a == weirdIgnore {
		return
	}
	fuid := e.File.FUID()
	b.addlBuf = fuid.Append(b.addlBuf[:0])
	if len(e.Addl) > 0 {
		b.addlBuf = append(append(b.addlBuf, ": "...), e.Addl...)
	}
	b.fill(a, e.Name, b.addlBuf, e.Source)
	b.emitWithoutHosts(a, 0)
}

// emitWithoutHosts emits a weird that repeats by its name alone.
func (b *weirds) emitWithoutHosts(a weirdAction, kind schemas.GateKind) {
	if a == weirdLog {
		kind |= schemas.GateRepeat
	} else {
		kind |= schemas.GateDaily
	}
	b.out.EmitGated(&b.rec, schemas.Gate{Kind: kind, Key: b.rec.Name})
}

func (b *weirds) fill(a weirdAction, name string, addl []byte, source string) {
	b.rec = schemas.Weird{
		TS:     b.now(),
		Name:   name,
		Notice: a == weirdNoticePerOrig,
		Peer:   b.peer,
	}
	if len(addl) > 0 {
		b.rec.Addl = value.Some(text(addl))
	}
	if source != "" {
		b.rec.Source = value.Some(source)
	}
}
