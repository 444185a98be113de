package logs

import (
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

const (
	ldapEndpoints = "10.0.0.1:1024 10.0.0.2:389"
	ldapFlow      = " uid=C1 id.orig_h=10.0.0.1 id.orig_p=1024 id.resp_h=10.0.0.2 id.resp_p=389"
)

// plainTCP returns a TCP connection.
func plainTCP(t *testing.T, endpoints string) *fakeConn {
	return &fakeConn{id: connID(t, value.ProtoTCP, endpoints), uid: uid(1)}
}

// newLDAPBench returns a bench for a log with options.
func newLDAPBench(log string, opt LDAPOptions) *bench {
	b := &bench{out: recorder{logs: []string{log}}, now: 1e9}
	b.builders = Install(&b.hooks, &b.out, Options{Now: func() value.Time { return b.now }, LDAP: opt})
	return b
}

func TestLDAP(t *testing.T) {
	b := newLDAPBench("ldap", DefaultLDAPOptions())
	c := plainTCP(t, ldapEndpoints)
	message := func(id int64, op uint64, result int64, diagnostic, object, argument string) {
		b.hooks.LDAP.Message.Raise(&event.LDAPMessage{Conn: c, MessageID: id, OpcodeNumber: op, ResultNumber: result, DiagnosticMessage: []byte(diagnostic), Object: []byte(object), Argument: []byte(argument)})
	}
	bind := func(id int64, auth uint64, name value.Enum) {
		b.hooks.LDAP.BindRequest.Raise(&event.LDAPBindRequest{Conn: c, MessageID: id, Version: 3, AuthNumber: auth, AuthType: name})
	}
	bind(1, 0, "")
	b.now = 2e9
	message(1, 0, -1, "", "cn=a", "password")
	b.out.expect(t)
	message(1, 1, 49, "no", "", "")
	b.out.expect(t, "ldap ts=1"+ldapFlow+" message_id=1 version=3 opcode=bind simple result=invalid credentials diagnostic_message=no object=cn=a argument=REDACTED")

	bind(2, 3, "")
	message(2, 0, -1, "", "", "GSSAPI")
	message(2, 1, 14, "", "", "")
	b.out.expect(t, "ldap ts=2"+ldapFlow+" message_id=2 version=3 opcode=bind SASL result=SASL bind in progress argument=GSSAPI")

	message(3, 23, -1, "", "1.3.6.1.4.1.1466.20037", "")
	message(3, 24, 99, "", "", "")
	b.out.expect(t, "ldap ts=2"+ldapFlow+" message_id=3 opcode=extended result=unknown object=1.3.6.1.4.1.1466.20037 (StartTLS)")
	message(4, 23, -1, "", "1.2", "")
	message(5, 2, -1, "", "", "")
	b.out.expect(t, "ldap ts=2"+ldapFlow+" message_id=5 opcode=unbind")
	message(0, 8, -1, "", "", "") // without an identifier
	b.hooks.End(c, nil)
	b.out.expect(t, "ldap ts=2"+ldapFlow+" message_id=4 opcode=extended object=1.2 (unknown)")

	c = plainTCP(t, ldapEndpoints)
	bind(1, 9, "LDAP::BindAuthType_SICILY_PACKAGE_DISCOVERY")
	bind(1, 0, "")
	message(2, 1, 0, "", "", "")
	message(3, 6, -1, "", "cn=a", "x")
	message(3, 8, -1, "", "cn=b", "y")
	message(3, 7, 0, "a", "", "")
	b.out.expect(t, "ldap ts=2"+ldapFlow+" message_id=2 opcode=bind result=success",
		"ldap ts=2"+ldapFlow+" message_id=3 opcode=modify result=success diagnostic_message=a object=cn=b argument=y")
	weirds := "LDAP_unknown_auth_type LDAP_bind_opcode_already_set LDAP_bind_without_opcode LDAP_message_opcode_change LDAP_message_object_change " +
		"LDAP_message_argument_change LDAP_message_opcode_change"
	if got := strings.Join(c.weirds, " "); got != weirds {
		t.Errorf("weirds %s, want %s", got, weirds)
	}
	b.hooks.End(c, nil)
}

func TestLDAPPassword(t *testing.T) {
	opt := DefaultLDAPOptions()
	opt.CapturePassword = true
	b := newLDAPBench("ldap", opt)
	c := plainTCP(t, ldapEndpoints)
	b.hooks.LDAP.BindRequest.Raise(&event.LDAPBindRequest{Conn: c, MessageID: 1, Version: 3})
	b.hooks.LDAP.Message.Raise(&event.LDAPMessage{Conn: c, MessageID: 1, ResultNumber: -1, Argument: []byte("password")})
	b.hooks.End(c, nil)
	b.out.expect(t, "ldap ts=1"+ldapFlow+" message_id=1 version=3 opcode=bind simple argument=password")
}

func TestLDAPSearch(t *testing.T) {
	opt := DefaultLDAPOptions()
	for _, attributes := range []bool{false, true} {
		opt.SearchAttributes = attributes
		b := newLDAPBench("ldap_search", opt)
		c := plainTCP(t, ldapEndpoints)
		request := func(id int64, scope, deref uint64, filter string, attrs ...string) {
			e := event.LDAPSearchRequest{Conn: c, MessageID: id, ScopeNumber: scope, DerefNumber: deref, BaseObject: []byte("dc=x"), Filter: []byte(filter)}
			for _, a := range attrs {
				e.Attributes = append(e.Attributes, []byte(a))
			}
			b.hooks.LDAP.SearchRequest.Raise(&e)
		}
		done := func(id, result int64) {
			b.hooks.LDAP.Message.Raise(&event.LDAPMessage{Conn: c, MessageID: id, OpcodeNumber: 5, ResultNumber: result})
		}
		column := func(s string) string {
			if attributes {
				return " attributes=" + s
			}
			return ""
		}
		request(1, 2, 3, "(a=*)", "cn", "sn")
		request(2, 0, 0, "(b=*)")
		for range 3 {
			b.hooks.LDAP.SearchResultEntry.Raise(&event.LDAPSearchResultEntry{Conn: c, MessageID: 1})
		}
		done(1, 0)
		b.out.expect(t, "ldap_search ts=1"+ldapFlow+" message_id=1 scope=tree deref_aliases=always base_object=dc=x result_count=3 result=success filter=(a=*)"+column("cn,sn,"))
		request(2, 9, 9, "(c=*)", "cn")
		done(2, 32)
		b.out.expect(t, "ldap_search ts=1"+ldapFlow+" message_id=2 scope=unknown deref_aliases=unknown base_object=dc=x result_count=0 result=no such object filter=(c=*)"+column("cn,"))
		if n := len(c.weirds); attributes && n != 4 || !attributes && n != 3 {
			t.Errorf("weirds %q", c.weirds)
		}
		request(3, 1, 1, "(d=*)")
		b.hooks.End(c, nil)
		b.out.expect(t, "ldap_search ts=1"+ldapFlow+" message_id=3 scope=single deref_aliases=searching base_object=dc=x result_count=0 filter=(d=*)"+column(""))
	}
}

// TestLDAPPending checks the limits on what waits for a result.
func TestLDAPPending(t *testing.T) {
	for log, raise := range map[string]func(*bench, event.Conn, int64){
		"ldap": func(b *bench, c event.Conn, id int64) {
			b.hooks.LDAP.Message.Raise(&event.LDAPMessage{Conn: c, MessageID: id, OpcodeNumber: 8, ResultNumber: -1})
		},
		"ldap_search": func(b *bench, c event.Conn, id int64) {
			b.hooks.LDAP.SearchRequest.Raise(&event.LDAPSearchRequest{Conn: c, MessageID: id})
		},
	} {
		b := newLDAPBench(log, LDAPOptions{Messages: 3, Searches: 3})
		c := plainTCP(t, ldapEndpoints)
		for id := int64(1); id <= 7; id++ {
			raise(b, c, id)
		}
		if n := len(b.out.take()); n != 6 || len(c.weirds) != 2 {
			t.Errorf("%s: %d rows, weirds %q", log, n, c.weirds)
		}
		b.hooks.End(c, nil)
		if n := len(b.out.take()); n != 1 {
			t.Errorf("%s: %d rows at the end", log, n)
		}
	}
}
