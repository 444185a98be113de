package logs

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

func TestPostgreSQL(t *testing.T) {
	b := newLimitedBench(t, Limits{FieldBytes: 20}, "postgresql")
	c := plainTCP(t, "10.0.0.1:1024 10.0.0.2:5432")
	const flow = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=5432"
	h := &b.hooks.PostgreSQL
	ready := func(status string) {
		h.ReadyForQuery.Raise(&event.PostgreSQLReadyForQuery{Conn: c, TransactionStatus: []byte(status)})
	}
	query := func(s string) { h.SimpleQuery.Raise(&event.PostgreSQLSimpleQuery{Conn: c, Query: []byte(s)}) }
	auth := func(n uint64) {
		h.AuthenticationRequest.Raise(&event.PostgreSQLAuthenticationRequest{Conn: c, Identifier: n})
	}
	ready("I") // of nothing
	b.out.expect(t)
	h.SSLRequest.Raise(&event.PostgreSQLSSLRequest{Conn: c})
	h.SSLReply.Raise(&event.PostgreSQLSSLReply{Conn: c, Data: []byte("N")})
	b.out.expect(t, "postgresql ts=1"+flow+" frontend=ssl_request backend=ssl_reply backend_arg=N success=false")
	for _, p := range [][2]string{{"user", "u"}, {"database", "d"}, {"application_name", "a"}, {"other", "o"}} {
		h.StartupParameter.Raise(&event.PostgreSQLStartupParameter{Conn: c, Name: []byte(p[0]), Value: []byte(p[1])})
	}
	h.StartupMessage.Raise(&event.PostgreSQLStartupMessage{Conn: c, Major: 3})
	auth(10)
	auth(4)
	h.AuthenticationOk.Raise(&event.PostgreSQLAuthenticationOk{Conn: c})
	b.now = 2e9
	ready("I")
	const user = " user=u database=d application_name=a"
	b.out.expect(t, "postgresql ts=1"+flow+user+" frontend=startup backend=auth_ok backend_arg=SASL,UnknownAuthId4 success=true")

	query("SELECT")
	h.DataRow.Raise(&event.PostgreSQLDataRow{Conn: c})
	h.DataRow.Raise(&event.PostgreSQLDataRow{Conn: c})
	ready("T")
	b.out.expect(t, "postgresql ts=2"+flow+user+" frontend=simple_query frontend_arg=SELECT success=true rows=2")

	query("bad")
	h.NoticeResponseIdentifiedField.Raise(&event.PostgreSQLNoticeResponseIdentifiedField{Conn: c, Code: []byte("M"), Value: []byte("n")})
	h.ErrorResponseIdentifiedField.Raise(&event.PostgreSQLErrorResponseIdentifiedField{Conn: c, Code: []byte("z"), Value: []byte("e")})
	h.ErrorResponse.Raise(&event.PostgreSQLErrorResponse{Conn: c})
	ready("E")
	b.out.expect(t, "postgresql ts=2"+flow+user+" frontend=simple_query frontend_arg=bad backend=error backend_arg=Message=n,UnknownErr success=false")

	query("one")
	query(strings.Repeat("x", 1000)) // before the answer
	h.Terminate.Raise(&event.PostgreSQLTerminate{Conn: c})
	b.out.expect(t, "postgresql ts=2"+flow+user+" frontend=simple_query frontend_arg=one",
		"postgresql ts=2"+flow+user+" frontend=simple_query frontend_arg="+strings.Repeat("x", 20),
		"postgresql ts=2"+flow+user+" frontend=terminate")
	h.DataRow.Raise(&event.PostgreSQLDataRow{Conn: c}) // of the extended protocol
	b.hooks.End(c, nil)
	b.out.expect(t, "postgresql ts=2"+flow+user)
}
