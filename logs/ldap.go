package logs

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// LDAPOptions configure ldap.log and ldap_search.log.
type LDAPOptions struct {
	Messages         int  `key:"limits.ldap_max_pending_messages" unit:"count" min:"1" doc:"LDAP operations of a connection, searches aside, that wait for their result; one more has all of them written (LDAP::max_pending_messages)"`
	Searches         int  `key:"limits.ldap_max_pending_searches" unit:"count" min:"1" doc:"LDAP searches of a connection that wait for their result; one more has all of them written (LDAP::max_pending_searches)"`
	CapturePassword  bool `key:"ldap.default_capture_password" doc:"write passwords of LDAP binds to ldap.log (LDAP::default_capture_password)"`
	SearchAttributes bool `key:"ldap.default_log_search_attributes" doc:"write the attributes that LDAP searches ask for to ldap_search.log (LDAP::default_log_search_attributes)"`
}

// DefaultLDAPOptions returns Zeek's.
func DefaultLDAPOptions() LDAPOptions { return LDAPOptions{Messages: 10, Searches: 10} }

// ldap builds ldap.log and ldap_search.log after Zeek's base/protocols/ldap: a row for the
// messages of a connection with one identifier, when the result has come or the connection
// ends.
type ldap struct {
	states[ldapState]
	out schemas.Emitter
	now func() value.Time
	opt LDAPOptions
	// fieldBytes bounds the bytes that are kept of a column; 0 is no bound.
	fieldBytes         int
	toLDAP, toSearches bool
	messages           freelist.List[ldapMessage]
	searches           freelist.List[ldapSearch]

	rec    schemas.LDAP
	search schemas.LDAPSearch
	uidBuf []byte
	attrs  []string
}

// An ldapState has the operations and searches of a connection that wait for their results,
// oldest first.
type ldapState struct {
	messages []*ldapMessage
	searches []*ldapSearch
	held     int // bytes of them on the connection's account
}

// Operations (RFC 4511 section 4), by the tag of protocolOp.
const (
	ldapBindRequest      = 0
	ldapBindResponse     = 1
	ldapUnbindRequest    = 2
	ldapSearchRequest    = 3
	ldapSearchEntry      = 4
	ldapSearchDone       = 5
	ldapModifyResponse   = 7
	ldapAddResponse      = 9
	ldapDelResponse      = 11
	ldapModDNResponse    = 13
	ldapCompareResponse  = 15
	ldapAbandonRequest   = 16
	ldapSearchReference  = 19
	ldapExtendedRequest  = 23
	ldapExtendedResponse = 24
)

// ldapFinal has a bit for each operation after which its identifier is done with.
const ldapFinal = 1<<ldapBindResponse | 1<<ldapUnbindRequest | 1<<ldapModifyResponse | 1<<ldapAddResponse | 1<<ldapDelResponse |
	1<<ldapModDNResponse | 1<<ldapCompareResponse | 1<<ldapAbandonRequest | 1<<ldapExtendedResponse

// ldapMessage is an operation. Empty names are unset.
type ldapMessage struct {
	id                           int64
	ts                           value.Time
	version                      value.Opt[int64]
	opcode, result               string
	diagnostic, object, argument optText
}

// ldapSearch is a search. Empty names are unset.
type ldapSearch struct {
	id                       int64
	ts                       value.Time
	scope, deref, result     string
	base, filter, diagnostic optText
	count                    uint64
	attrs                    []byte // of the request, one after the other
	ends                     []int
	asked                    bool // attrs are set
}

const (
	ldapSource = "LDAP"
	// ldapPending is what a pending operation or search counts for, beside its text.
	ldapPending = 256
	bindSimple  = "bind simple"
)

// ldapRedacted stands for a password.
var ldapRedacted = []byte("REDACTED")

// ldapBinds are the names of binds by their choice of authentication.
var ldapBinds = map[uint64]string{0: bindSimple, 3: "bind SASL", 10: "sicily_negotiate", 11: "sicily_response"}

// ldapOIDs are the names of extended operations (RFC 4511 section 4.14.1, RFC 4532).
var ldapOIDs = map[string]string{"1.3.6.1.4.1.1466.20037": " (StartTLS)", "1.3.6.1.4.1.4203.1.11.3": " (whoami)"}

func installLDAP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ldap{
		out: out, now: o.Now, opt: o.LDAP, fieldBytes: o.Limits.FieldBytes,
		toLDAP: out.On(&schemas.LDAPSchema), toSearches: out.On(&schemas.LDAPSearchSchema),
	}
	b.init(h, b.ended)
	h.LDAP.Message.Listen(b.message)
	h.LDAP.BindRequest.Listen(b.bind)
	h.LDAP.SearchRequest.Listen(b.request)
	h.LDAP.SearchResultEntry.Listen(func(e *event.LDAPSearchResultEntry) { b.searchOf(e.Conn, e.MessageID).count++ })
}

func (b *ldap) state(c event.Conn) *ldapState {
	if s := b.known(c); s != nil {
		return s
	}
	return b.add(c)
}

// messageOf returns the operation with an identifier.
func (b *ldap) messageOf(c event.Conn, id int64) *ldapMessage {
	s := b.state(c)
	for _, m := range s.messages {
		if m.id == id {
			return m
		}
	}
	if len(s.messages) >= b.opt.Messages {
		c.Weird("LDAP_max_pending_messages_exceeded", strconv.Itoa(len(s.messages)), ldapSource)
		b.flushMessages(c, s)
	}
	m := b.messages.Get()
	m.id, m.ts, m.version, m.opcode, m.result = id, b.now(), value.Opt[int64]{}, "", ""
	m.diagnostic.ok, m.object.ok, m.argument.ok = false, false, false
	s.messages = append(s.messages, m)
	return m
}

// searchOf returns the search with an identifier.
func (b *ldap) searchOf(c event.Conn, id int64) *ldapSearch {
	s := b.state(c)
	for _, m := range s.searches {
		if m.id == id {
			return m
		}
	}
	if len(s.searches) >= b.opt.Searches {
		c.Weird("LDAP_max_pending_searches_exceeded", strconv.Itoa(len(s.searches)), ldapSource)
		b.flushSearches(c, s)
	}
	m := b.searches.Get()
	m.id, m.ts, m.scope, m.deref, m.result, m.count, m.asked = id, b.now(), "", "", "", 0, false
	m.diagnostic.ok, m.base.ok, m.filter.ok = false, false, false
	s.searches = append(s.searches, m)
	return m
}

// set sets a column, and raises a weird if it has had another value.
func (b *ldap) set(c event.Conn, t *optText, v []byte, weird string, id int64) {
	if b.fieldBytes > 0 {
		v = v[:min(len(v), b.fieldBytes+1)]
	}
	if t.ok && string(t.b) != string(v) {
		c.Weird(weird, fmt.Sprintf("%d: %s -> %s", id, t.b, v), ldapSource)
	}
	t.set(v)
}

// name is set for a column with a fixed set of values.
func (b *ldap) name(c event.Conn, t *string, v, weird string, id int64) {
	if *t != "" && *t != v {
		c.Weird(weird, fmt.Sprintf("%d: %s -> %s", id, *t, v), ldapSource)
	}
	*t = v
}

func (b *ldap) message(e *event.LDAPMessage) {
	switch e.OpcodeNumber {
	case ldapSearchDone:
		b.searched(e)
		return
	case ldapSearchRequest, ldapSearchEntry, ldapSearchReference:
		return
	}
	m := b.messageOf(e.Conn, e.MessageID)
	switch op := ldapName(ldapOpcodes[:], e.OpcodeNumber); {
	case op != "bind":
		b.name(e.Conn, &m.opcode, op, "LDAP_message_opcode_change", m.id)
	case m.opcode == "": // the response without its request
		e.Conn.Weird("LDAP_bind_without_opcode", fmt.Sprintf("%d: bind", m.id), ldapSource)
		m.opcode = op
	}
	if e.ResultNumber >= 0 {
		b.name(e.Conn, &m.result, ldapName(ldapResults[:], uint64(e.ResultNumber)), "LDAP_message_result_change", m.id)
	}
	if len(e.DiagnosticMessage) > 0 {
		b.set(e.Conn, &m.diagnostic, e.DiagnosticMessage, "LDAP_message_diagnostic_message_change", m.id)
	}
	if len(e.Object) > 0 {
		b.set(e.Conn, &m.object, e.Object, "LDAP_message_object_change", m.id)
		if e.OpcodeNumber == ldapExtendedRequest {
			name, ok := ldapOIDs[string(e.Object)]
			if !ok {
				name = " (unknown)"
			}
			m.object.b = append(m.object.b, name...)
		}
	}
	if arg := e.Argument; len(arg) > 0 {
		if m.opcode == bindSimple && !b.opt.CapturePassword {
			arg = ldapRedacted
		}
		b.set(e.Conn, &m.argument, arg, "LDAP_message_argument_change", m.id)
	}
	s := b.known(e.Conn)
	if e.OpcodeNumber < 64 && ldapFinal>>e.OpcodeNumber&1 != 0 {
		b.write(e.Conn, m)
		s.messages = slices.Delete(s.messages, slices.Index(s.messages, m), slices.Index(s.messages, m)+1)
		b.messages.Put(m)
	}
	b.account(e.Conn, s)
}

func (b *ldap) bind(e *event.LDAPBindRequest) {
	m := b.messageOf(e.Conn, e.MessageID)
	if !m.version.OK {
		m.version = value.Some(e.Version)
	}
	if m.opcode != "" {
		e.Conn.Weird("LDAP_bind_opcode_already_set", m.opcode, ldapSource)
	}
	name, ok := ldapBinds[e.AuthNumber]
	if !ok {
		name = string(e.AuthType)
		e.Conn.Weird("LDAP_unknown_auth_type", name, ldapSource)
	}
	m.opcode = name
}

func (b *ldap) request(e *event.LDAPSearchRequest) {
	m := b.searchOf(e.Conn, e.MessageID)
	b.name(e.Conn, &m.scope, ldapName(ldapScopes[:], e.ScopeNumber), "LDAP_search_scope_change", m.id)
	b.name(e.Conn, &m.deref, ldapName(ldapDerefs[:], e.DerefNumber), "LDAP_search_deref_aliases_change", m.id)
	if len(e.BaseObject) > 0 {
		b.set(e.Conn, &m.base, e.BaseObject, "LDAP_search_base_object_change", m.id)
	}
	b.set(e.Conn, &m.filter, e.Filter, "LDAP_search_filter_change", m.id)
	if b.opt.SearchAttributes {
		b.attributes(e, m)
	}
	b.account(e.Conn, b.known(e.Conn))
}

// attributes keeps the attributes that a search asks for.
func (b *ldap) attributes(e *event.LDAPSearchRequest, m *ldapSearch) {
	same := len(e.Attributes) == len(m.ends)
	for i := 0; same && i < len(m.ends); i++ {
		same = string(e.Attributes[i]) == m.attr(i)
	}
	if m.asked && !same {
		e.Conn.Weird("LDAP_search_attributes_change", fmt.Sprintf("%d: %q -> %q", m.id, m.list(nil), e.Attributes), ldapSource)
	}
	m.asked, m.attrs, m.ends = true, m.attrs[:0], m.ends[:0]
	for _, a := range e.Attributes {
		m.attrs = append(m.attrs, a...)
		m.ends = append(m.ends, len(m.attrs))
	}
}

// attr returns attribute i.
func (m *ldapSearch) attr(i int) string {
	start := 0
	if i > 0 {
		start = m.ends[i-1]
	}
	return text(m.attrs[start:m.ends[i]])
}

// list appends the attributes to dst.
func (m *ldapSearch) list(dst []string) []string {
	for i := range m.ends {
		dst = append(dst, m.attr(i))
	}
	return dst
}

// searched takes the end of a search.
func (b *ldap) searched(e *event.LDAPMessage) {
	m := b.searchOf(e.Conn, e.MessageID)
	if e.ResultNumber >= 0 {
		b.name(e.Conn, &m.result, ldapName(ldapResults[:], uint64(e.ResultNumber)), "LDAP_search_result_change", m.id)
	}
	if len(e.DiagnosticMessage) > 0 {
		b.set(e.Conn, &m.diagnostic, e.DiagnosticMessage, "LDAP_search_diagnostic_message_change", m.id)
	}
	b.writeSearch(e.Conn, m)
	s := b.known(e.Conn)
	i := slices.Index(s.searches, m)
	s.searches = slices.Delete(s.searches, i, i+1)
	b.putSearch(m)
	b.account(e.Conn, s)
}

// account counts what is pending.
func (b *ldap) account(c event.Conn, s *ldapState) {
	n := ldapPending * (len(s.messages) + len(s.searches))
	for _, m := range s.messages {
		n += cap(m.diagnostic.b) + cap(m.object.b) + cap(m.argument.b)
	}
	for _, m := range s.searches {
		n += cap(m.diagnostic.b) + cap(m.base.b) + cap(m.filter.b) + cap(m.attrs) + 8*cap(m.ends)
	}
	b.keep(c, &s.held, n)
}

func (b *ldap) flushMessages(c event.Conn, s *ldapState) {
	for _, m := range s.messages {
		if m.id > 0 {
			b.write(c, m)
		}
		m.diagnostic.trim()
		m.object.trim()
		m.argument.trim()
		b.messages.Put(m)
	}
	clear(s.messages)
	s.messages = s.messages[:0]
}

func (b *ldap) flushSearches(c event.Conn, s *ldapState) {
	for _, m := range s.searches {
		if m.id > 0 {
			b.writeSearch(c, m)
		}
		b.putSearch(m)
	}
	clear(s.searches)
	s.searches = s.searches[:0]
}

func (b *ldap) putSearch(m *ldapSearch) {
	m.diagnostic.trim()
	m.base.trim()
	m.filter.trim()
	if cap(m.attrs) > keptSet {
		m.attrs, m.ends = nil, nil
	}
	m.attrs, m.ends = m.attrs[:0], m.ends[:0]
	b.searches.Put(m)
}

// ended writes what is pending.
func (b *ldap) ended(c event.Conn, s *ldapState) {
	b.flushMessages(c, s)
	b.flushSearches(c, s)
	b.keep(c, &s.held, 0)
}

func (b *ldap) write(c event.Conn, m *ldapMessage) {
	if !b.toLDAP {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.LDAP{
		TS: m.ts, UID: text(b.uidBuf), ID: Endpoints(&id), MessageID: value.Some(m.id), Version: m.version,
		Opcode: optName(m.opcode), Result: optName(m.result), DiagnosticMessage: m.diagnostic.column(),
		Object: m.object.column(), Argument: m.argument.column(),
	}
	b.out.Emit(&b.rec)
}

func (b *ldap) writeSearch(c event.Conn, m *ldapSearch) {
	if !b.toSearches {
		return
	}
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.search = schemas.LDAPSearch{
		TS: m.ts, UID: text(b.uidBuf), ID: Endpoints(&id), MessageID: value.Some(m.id),
		Scope: optName(m.scope), DerefAliases: optName(m.deref), BaseObject: m.base.column(), ResultCount: value.Some(m.count),
		Result: optName(m.result), DiagnosticMessage: m.diagnostic.column(), Filter: m.filter.column(),
	}
	if m.asked {
		b.attrs = m.list(b.attrs[:0])
		if b.search.Attributes = b.attrs; b.attrs == nil {
			b.search.Attributes = value.Vector[string]{}
		}
	}
	b.out.Emit(&b.search)
}

// optName returns a name, unset if it is empty.
func optName(s string) value.Opt[string] { return value.Opt[string]{V: s, OK: s != ""} }
