package logs

import (
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
)

// Limits bound one row, and what is kept for rows; 0 means no bound. They are named after options of Zeek's logging
// framework, where it has one.
type Limits struct {
	FieldBytes    int `key:"limits.log_field_string_bytes" unit:"bytes" min:"0" doc:"bytes of one string in a row; 0 is no bound, as in HTTP rows (Log::default_max_field_string_bytes)"`
	FieldElements int `key:"limits.log_field_container_elements" unit:"count" min:"0" doc:"elements of one set or vector in a row; 0 is no bound (Log::default_max_field_container_elements)"`
	TotalBytes    int `key:"limits.log_total_string_bytes" unit:"bytes" min:"0" doc:"bytes of all strings in a row; 0 is no bound (Log::default_max_total_string_bytes)"`
	// RowBytes has no counterpart in Zeek.
	RowBytes      int `key:"limits.row_bytes" unit:"bytes" min:"0" doc:"bytes of answers after which a row of dns.log takes no more of them; a last element says how many were left out; 0 is no bound"`
	TotalElements int `key:"limits.log_total_container_elements" unit:"count" min:"0" doc:"elements of all sets and vectors in a row; 0 is no bound (Log::default_max_total_container_elements)"`
	RedisPending  int `key:"limits.redis_max_pending_commands" unit:"count" min:"0" doc:"commands of a Redis connection that wait for a reply; more are forgotten; 0 is no bound (Redis::max_pending_commands)"`
	MQTTPending   int `key:"limits.mqtt_max_pending_messages" unit:"count" min:"0" doc:"messages and subscriptions of an MQTT connection that wait for an answer; the oldest is written early; 0 is no bound"`
	// The limits of dhcp.log.
	DHCPTransactions int `key:"limits.dhcp_max_tracked_transactions" unit:"count" min:"0" doc:"DHCP transactions followed at a time, in all; the oldest is written early; 0 is no bound (DHCP::max_tracked_transactions)"`
	DHCPUIDs         int `key:"limits.dhcp_max_uids_per_log_entry" unit:"count" min:"1" doc:"flows of a DHCP transaction that end its row (DHCP::max_uids_per_log_entry)"`
	DHCPTypes        int `key:"limits.dhcp_max_msg_types_per_log_entry" unit:"count" min:"1" doc:"messages of a DHCP transaction that end its row (DHCP::max_msg_types_per_log_entry)"`
	// The limit of quic.log.
	QUICHistory int `key:"limits.quic_max_history_length" unit:"count" min:"0" doc:"letters of the history in quic.log; a weird says that there are that many (QUIC::max_history_length)"`
}

// DefaultLimits returns Zeek's limits.
func DefaultLimits() Limits {
	return Limits{
		FieldBytes: 4096, FieldElements: 100, TotalBytes: 256_000, TotalElements: 500, RowBytes: 8192, RedisPending: 10_000, MQTTPending: 1000,
		DHCPTransactions: 100_000, DHCPUIDs: 10, DHCPTypes: 50,
		QUICHistory: 100,
	}
}

// Weirds that report truncation, one for each string or container that is cut.
const (
	weirdStringCut    = "log_string_field_truncated"
	weirdContainerCut = "log_container_field_truncated"
)

// limiter cuts strings and containers of records to the limits before they reach the
// writers.
type limiter struct {
	schemas.Emitter
	limits Limits
	hooks  *event.Hooks
	rec    limited
}

func newLimiter(out schemas.Emitter, h *event.Hooks, l Limits) schemas.Emitter {
	l.RowBytes, l.RedisPending, l.MQTTPending, l.DHCPTransactions, l.DHCPUIDs, l.DHCPTypes, l.QUICHistory = 0, 0, 0, 0, 0, 0, 0
	if l == (Limits{}) {
		return out
	}
	lim := &limiter{Emitter: out, limits: l, hooks: h}
	lim.rec.sink.Next = lim.rec.sink.pass
	return lim
}

// Emit passes rec on within the limits.
func (l *limiter) Emit(rec schemas.Record) {
	if l.fits(rec) {
		l.Emitter.Emit(rec)
		return
	}
	l.Emitter.Emit(l.limit(rec))
	l.tell()
}

// EmitGated passes rec on within the limits.
func (l *limiter) EmitGated(rec schemas.Record, g schemas.Gate) {
	if l.fits(rec) {
		l.Emitter.EmitGated(rec, g)
		return
	}
	l.Emitter.EmitGated(l.limit(rec), g)
	l.tell()
}

// fits reports whether rec is too small for any limit to apply.
func (l *limiter) fits(rec schemas.Record) bool {
	r, ok := rec.(schemas.Sized)
	if !ok {
		return false
	}
	bytes, elements := r.Size()
	below := func(n, limit int) bool { return limit == 0 || n <= limit }
	return below(bytes, l.limits.FieldBytes) && below(bytes, l.limits.TotalBytes) &&
		below(elements, l.limits.FieldElements) && below(elements, l.limits.TotalElements)
}

// limit returns rec cut to the limits, valid until the next call.
func (l *limiter) limit(rec schemas.Record) schemas.Record {
	l.rec.of = rec
	own := &l.rec.sink.limits
	*own = l.limits
	switch rec.Schema() {
	case &schemas.HTTPSchema: // HTTP::default_max_field_string_bytes
		own.FieldBytes = 0
	case &schemas.X509Schema: // X509::default_max_field_container_elements and the like
		own.FieldElements, own.TotalElements = max(own.FieldElements, x509FieldElements), max(own.TotalElements, x509TotalElements)
	}
	return &l.rec
}

// Limits of x509.log: certificates of large sites have many names.
const (
	x509FieldElements = 500
	x509TotalElements = 1500
)

// tell raises the weirds for the parts that were cut from the last record.
func (l *limiter) tell() {
	net := &l.hooks.Weird.Net
	if !net.On() {
		return
	}
	cut := l.rec.sink.cuts // the weird's record may be cut too
	stream := []byte(streamName(l.rec.Schema().Name))
	l.rec.of = nil
	for range cut.strings {
		net.Raise(&event.NetWeird{Name: weirdStringCut, Addl: stream})
	}
	for range cut.containers {
		net.Raise(&event.NetWeird{Name: weirdContainerCut, Addl: stream})
	}
}

// streamNames has the names of Zeek's log streams that are not the log's name in capitals.
var streamNames = map[string]string{
	"analyzer": "Analyzer::Logging", "capture_loss": "CaptureLoss", "conn": "Conn", "files": "Files", "intel": "Intel", "kerberos": "KRB",
	"known_certs": "Known::CERTS_LOG", "known_hosts": "Known::HOSTS_LOG", "known_modbus": "Known::MODBUS_LOG",
	"known_services": "Known::SERVICES_LOG", "ldap": "LDAP::LDAP_LOG", "ldap_search": "LDAP::LDAP_SEARCH_LOG",
	"modbus": "Modbus", "modbus_register_change": "Modbus::REGISTER_CHANGE_LOG", "mqtt_connect": "MQTT::CONNECT_LOG",
	"mqtt_publish": "MQTT::PUBLISH_LOG", "mqtt_subscribe": "MQTT::SUBSCRIBE_LOG", "mysql": "mysql", "notice": "Notice",
	"packet_filter": "PacketFilter", "postgresql": "PostgreSQL", "redis": "Redis", "reporter": "Reporter",
	"signatures": "Signatures", "smb_cmd": "SMB::CMD_LOG", "smb_files": "SMB::FILES_LOG", "smb_mapping": "SMB::MAPPING_LOG",
	"software": "Software", "stats": "Stats", "syslog": "Syslog", "traceroute": "Traceroute", "tunnel": "Tunnel", "weird": "Weird",
	"websocket": "WebSocket",
}

// streamName returns Zeek's identifier of a log stream, such as Conn::LOG.
func streamName(log string) string {
	name, ok := streamNames[log]
	if !ok {
		name = strings.ToUpper(log)
	}
	if !strings.HasSuffix(name, "_LOG") {
		name += "::LOG"
	}
	return name
}

// limited is a record cut to the limits.
type limited struct {
	of   schemas.Record
	sink limitSink
}

// Schema returns the log's schema.
func (r *limited) Schema() *schemas.Schema { return r.of.Schema() }

// Encode passes the columns to s, cut where they are beyond the limits.
func (r *limited) Encode(s schemas.Sink) {
	r.sink.To, r.sink.cuts = s, cuts{}
	r.of.Encode(&r.sink)
	r.sink.To = nil
}

// limitSink passes columns on within the limits, and counts what it cuts.
type limitSink struct {
	schemas.Forward
	limits Limits
	cuts
	// nested is set inside a container; left is the number of its elements that may still
	// pass.
	nested bool
	left   int
}

// cuts counts what was passed on and what was cut of a record.
type cuts struct {
	bytes, elements     int // passed on
	strings, containers int // cut
}

// allowed returns how much of size may pass when before has passed already.
func allowed(size, limit, total, before int) int {
	if limit != 0 {
		size = min(size, limit)
	}
	if total != 0 {
		size = min(size, total-before)
	}
	return size
}

// pass reports whether the next value is passed on.
func (s *limitSink) pass() bool {
	if !s.nested {
		return true
	}
	s.left--
	return s.left >= 0
}

// Groups, like the methods below and those of Forward, implements schemas.Sink.
func (s *limitSink) Groups() schemas.Groups { return s.To.Groups() }

func (s *limitSink) String(v string) {
	if !s.pass() {
		return
	}
	n := allowed(len(v), s.limits.FieldBytes, s.limits.TotalBytes, s.bytes)
	if n < len(v) {
		s.strings++
	}
	s.bytes += n
	s.To.String(v[:n])
}

func (s *limitSink) Begin(c schemas.Container, n int) {
	s.left = allowed(n, s.limits.FieldElements, s.limits.TotalElements, s.elements)
	if s.left < n {
		s.containers++
	}
	s.elements += s.left
	s.nested = true
	s.To.Begin(c, s.left)
}

func (s *limitSink) End() {
	s.nested = false
	s.To.End()
}
