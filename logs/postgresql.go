package logs

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// postgresql builds postgresql.log after Zeek's base/protocols/postgresql: a row for each
// request of a client, when it is answered, when the next one comes, or when the connection
// ends.
type postgresql struct {
	states[postgresqlState]
	out schemas.Emitter
	now func() value.Time
	// fieldBytes bounds the bytes that are kept of a column; 0 is no bound.
	fieldBytes int

	rec    schemas.PostgreSQL
	uidBuf []byte
}

// A postgresqlState is the state of a connection. What is of the pending row is only valid if
// open is set.
type postgresqlState struct {
	user, database, application optText
	errors                      optText // fields of an error to come
	rows                        value.Opt[uint64]

	open                             bool
	ts                               value.Time
	frontend                         string
	frontendArg, backend, backendArg optText
	success                          value.Opt[bool]
	loggedRows                       value.Opt[uint64]
	held                             int // bytes of text on the connection's account
}

// postgresqlFields are the names of fields of errors and notices (Error and Notice Message
// Fields).
var postgresqlFields = map[byte]string{
	'S': "SeverityLocalized", 'V': "Severity", 'C': "Code", 'M': "Message", 'D': "Detail", 'H': "Hint", 'P': "Position",
	'p': "InternalPosition", 'q': "InternalQuery", 'W': "Where", 's': "Schema", 't': "Table", 'c': "Column", 'd': "Data",
	'n': "Constraint", 'F': "File", 'L': "Line", 'R': "Routine",
}

// postgresqlAuth are the names of kinds of authentication (Authentication messages), by
// number.
var postgresqlAuth = [...]string{
	2: "KerberosV5", 3: "CleartextPassword", 5: "MD5Password", 7: "GSSAPI", 8: "GSSAPIContinue", 9: "SSPI", 10: "SASL",
	11: "SASLContinue", 12: "SASLFinal",
}

func installPostgreSQL(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &postgresql{out: out, now: o.Now, fieldBytes: o.Limits.FieldBytes}
	b.init(h, b.ended)
	p := &h.PostgreSQL
	p.SSLRequest.Listen(func(e *event.PostgreSQLSSLRequest) { b.session(e.Conn).frontend = "ssl_request" })
	p.SSLReply.Listen(func(e *event.PostgreSQLSSLReply) {
		s := b.session(e.Conn)
		s.backend.set([]byte("ssl_reply"))
		s.backendArg.set(e.Data)
		s.success = value.Some(string(e.Data) == "S")
		b.write(e.Conn, s)
	})
	p.StartupParameter.Listen(b.parameter)
	p.StartupMessage.Listen(func(e *event.PostgreSQLStartupMessage) { b.session(e.Conn).frontend = "startup" })
	p.AuthenticationRequest.Listen(b.authentication)
	p.AuthenticationOk.Listen(func(e *event.PostgreSQLAuthenticationOk) {
		s := b.session(e.Conn)
		s.backend.set([]byte("auth_ok"))
		s.success = value.Some(true)
	})
	p.SimpleQuery.Listen(b.query)
	p.Terminate.Listen(func(e *event.PostgreSQLTerminate) {
		b.flush(e.Conn)
		s := b.session(e.Conn)
		s.frontend = "terminate"
		b.write(e.Conn, s)
	})
	p.DataRow.Listen(func(e *event.PostgreSQLDataRow) {
		s := b.session(e.Conn)
		s.rows = value.Some(s.rows.V + 1)
	})
	p.ErrorResponseIdentifiedField.Listen(func(e *event.PostgreSQLErrorResponseIdentifiedField) {
		s := b.session(e.Conn)
		b.field(&s.errors, e.Code, e.Value)
		b.account(e.Conn, s)
	})
	p.ErrorResponse.Listen(b.failed)
	p.NoticeResponseIdentifiedField.Listen(func(e *event.PostgreSQLNoticeResponseIdentifiedField) {
		s := b.session(e.Conn)
		b.field(&s.backendArg, e.Code, e.Value)
		b.account(e.Conn, s)
	})
	p.ReadyForQuery.Listen(b.ready)
}

// session returns the state of a connection with a pending row.
func (b *postgresql) session(c event.Conn) *postgresqlState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		s.user.ok, s.database.ok, s.application.ok, s.errors.ok, s.open = false, false, false, false, false
		s.rows = value.Opt[uint64]{}
	}
	if !s.open {
		s.open, s.ts, s.frontend = true, b.now(), ""
		s.frontendArg.ok, s.backend.ok, s.backendArg.ok = false, false, false
		s.success, s.loggedRows = value.Opt[bool]{}, value.Opt[uint64]{}
	}
	return s
}

// cut returns what is kept of a value.
func (b *postgresql) cut(v []byte) []byte {
	if b.fieldBytes > 0 {
		v = v[:min(len(v), b.fieldBytes+1)]
	}
	return v
}

// append appends v to a list in t, with a comma between.
func (b *postgresql) append(t *optText, v ...string) {
	if t.ok {
		t.b = append(t.b, ',')
	} else {
		t.b, t.ok = t.b[:0], true
	}
	for _, s := range v {
		t.b = append(t.b, s...)
	}
	t.b = b.cut(t.b)
}

// field appends a field of an error or notice.
func (b *postgresql) field(t *optText, code, val []byte) {
	name, ok := "", false
	if len(code) == 1 {
		name, ok = postgresqlFields[code[0]]
	}
	if !ok {
		name = "UnknownErrorId" + string(code)
	}
	b.append(t, name, "=", text(b.cut(val)))
}

func (b *postgresql) parameter(e *event.PostgreSQLStartupParameter) {
	s := b.session(e.Conn)
	switch string(e.Name) {
	case "user":
		s.user.set(b.cut(e.Value))
	case "database":
		s.database.set(b.cut(e.Value))
	case "application_name":
		s.application.set(b.cut(e.Value))
	}
	b.account(e.Conn, s)
}

func (b *postgresql) authentication(e *event.PostgreSQLAuthenticationRequest) {
	s := b.session(e.Conn)
	if s.backend.ok && bytes.HasSuffix(s.backend.b, []byte("auth")) {
		s.backend.ok = false
	}
	b.append(&s.backend, "auth_request")
	name := ""
	if e.Identifier < uint64(len(postgresqlAuth)) {
		name = postgresqlAuth[e.Identifier]
	}
	if name == "" {
		name = "UnknownAuthId" + strconv.FormatUint(e.Identifier, 10)
	}
	b.append(&s.backendArg, name)
	b.account(e.Conn, s)
}

func (b *postgresql) query(e *event.PostgreSQLSimpleQuery) {
	b.flush(e.Conn)
	s := b.session(e.Conn)
	s.frontend = "simple_query"
	s.frontendArg.set(b.cut(e.Query))
	s.rows = value.Some(uint64(0))
	b.account(e.Conn, s)
}

func (b *postgresql) failed(e *event.PostgreSQLErrorResponse) {
	s := b.session(e.Conn)
	b.append(&s.backend, "error")
	b.append(&s.backendArg, s.errors.column().V)
	s.errors.ok = false
	s.errors.b = s.errors.b[:0]
	s.success = value.Some(false)
	b.write(e.Conn, s)
}

func (b *postgresql) ready(e *event.PostgreSQLReadyForQuery) {
	s := b.known(e.Conn)
	if s == nil || !s.open {
		return
	}
	if !s.success.OK {
		s.success = value.Some(string(e.TransactionStatus) == "I" || string(e.TransactionStatus) == "T")
	}
	if s.rows.OK {
		s.loggedRows, s.rows = s.rows, value.Opt[uint64]{}
	}
	b.write(e.Conn, s)
}

// flush writes the pending row.
func (b *postgresql) flush(c event.Conn) {
	if s := b.known(c); s != nil && s.open {
		b.write(c, s)
	}
}

func (b *postgresql) ended(c event.Conn, s *postgresqlState) {
	if s.open {
		b.write(c, s)
	}
	for _, t := range []*optText{&s.user, &s.database, &s.application, &s.errors} {
		t.trim()
	}
	b.keep(c, &s.held, 0)
}

// account counts the text of a state.
func (b *postgresql) account(c event.Conn, s *postgresqlState) {
	n := cap(s.user.b) + cap(s.database.b) + cap(s.application.b) + cap(s.errors.b) + cap(s.frontendArg.b) + cap(s.backend.b) + cap(s.backendArg.b)
	b.keep(c, &s.held, max(0, n-smallState))
}

func (b *postgresql) write(c event.Conn, s *postgresqlState) {
	s.open = false
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.PostgreSQL{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		User: s.user.column(), Database: s.database.column(), ApplicationName: s.application.column(),
		Frontend: optName(s.frontend), FrontendArg: s.frontendArg.column(), Backend: s.backend.column(), BackendArg: s.backendArg.column(),
		Success: s.success, Rows: s.loggedRows,
	}
	b.out.Emit(&b.rec)
	s.frontendArg.trim()
	s.backendArg.trim()
	b.account(c, s)
}
